"""The part of Shopify's Admin schema (2026-10) this door speaks, in the schema language.

Names, nullability and arguments follow https://shopify.dev/docs/api/admin-graphql; fields we do not use are left out.
"""

from tools.sandbox.shopify.syntax import FieldType, Schema, TypeRef, parse_schema

VERSION = "2026-10"

_TEXT = """
type Query {
  customerByIdentifier(identifier: CustomerIdentifierInput!): Customer
  customer(id: ID!): Customer
  order(id: ID!): Order
  orders(
    first: Int, after: String, query: String, sortKey: OrderSortKeys = PROCESSED_AT, reverse: Boolean = false
  ): OrderConnection!
  job(id: ID!): Job
  returnableFulfillments(orderId: ID!, first: Int, after: String): ReturnableFulfillmentConnection!
}
type Mutation {
  orderCancel(
    orderId: ID!, reason: OrderCancelReason!, restock: Boolean!, refund: Boolean,
    refundMethod: OrderCancelRefundMethodInput, notifyCustomer: Boolean = false, staffNote: String
  ): OrderCancelPayload
  orderUpdate(input: OrderInput!): OrderUpdatePayload
  tagsAdd(id: ID!, tags: [String!]!): TagsAddPayload
  returnCreate(returnInput: ReturnInput!): ReturnCreatePayload
  returnRequest(input: ReturnRequestInput!): ReturnRequestPayload
}
type Customer {
  id: ID!
  displayName: String!
  email: String
  metafield(namespace: String, key: String!): Metafield
  orders(first: Int, after: String, query: String, sortKey: OrderSortKeys = ID, reverse: Boolean = false): OrderConnection!
}
type Order {
  id: ID!
  name: String!
  createdAt: DateTime!
  updatedAt: DateTime!
  cancelledAt: DateTime
  cancelReason: OrderCancelReason
  cancellation: OrderCancellation
  displayFulfillmentStatus: OrderDisplayFulfillmentStatus!
  totalPriceSet: MoneyBag!
  customer: Customer
  shippingAddress: MailingAddress
  metafield(namespace: String, key: String!): Metafield
  tags: [String!]!
  lineItems(first: Int, after: String): LineItemConnection!
  fulfillments(first: Int): [Fulfillment!]!
  returns(first: Int, after: String): ReturnConnection!
}
type OrderCancellation { staffNote: String }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
type MoneyV2 { amount: Decimal! currencyCode: String! }
type MailingAddress { address1: String address2: String city: String zip: String countryCodeV2: String }
type Metafield { namespace: String! key: String! type: String! value: String! }
type LineItem { id: ID! title: String! quantity: Int! }
type Fulfillment {
  id: ID!
  status: FulfillmentStatus!
  displayStatus: FulfillmentDisplayStatus
  createdAt: DateTime!
  deliveredAt: DateTime
  estimatedDeliveryAt: DateTime
  trackingInfo(first: Int): [FulfillmentTrackingInfo!]!
}
type FulfillmentTrackingInfo { company: String number: String url: String }
type FulfillmentLineItem { id: ID! quantity: Int lineItem: LineItem! }
type ReturnableFulfillment {
  id: ID!
  returnableFulfillmentLineItems(first: Int, after: String): ReturnableFulfillmentLineItemConnection!
}
type ReturnableFulfillmentLineItem { fulfillmentLineItem: FulfillmentLineItem! quantity: Int! }
type Return {
  id: ID!
  name: String!
  status: ReturnStatus!
  createdAt: DateTime!
  order: Order!
  returnLineItems(first: Int, after: String): ReturnLineItemConnection!
}
type ReturnLineItem { id: ID! quantity: Int! returnReason: ReturnReason! returnReasonNote: String! customerNote: String }
type Job { id: ID! done: Boolean! }
type OrderCancelPayload { job: Job orderCancelUserErrors: [OrderCancelUserError!]! userErrors: [UserError!]! }
type OrderUpdatePayload { order: Order userErrors: [UserError!]! }
type TagsAddPayload { node: Node userErrors: [UserError!]! }
type ReturnCreatePayload { return: Return userErrors: [ReturnUserError!]! }
type ReturnRequestPayload { return: Return userErrors: [ReturnUserError!]! }
type Node { id: ID! }
type UserError { field: [String!] message: String! }
type OrderCancelUserError { field: [String!] message: String! code: OrderCancelUserErrorCode }
type ReturnUserError { field: [String!] message: String! code: ReturnErrorCode }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }

input CustomerIdentifierInput { id: ID emailAddress: String phoneNumber: String customId: UniqueMetafieldValueInput }
input UniqueMetafieldValueInput { namespace: String key: String! value: String! }
input OrderCancelRefundMethodInput { originalPaymentMethodsRefund: Boolean }
input OrderInput { id: ID! shippingAddress: MailingAddressInput tags: [String!] }
input MailingAddressInput { address1: String address2: String city: String zip: String countryCode: CountryCode }
input ReturnInput { orderId: ID! returnLineItems: [ReturnLineItemInput!]! requestedAt: DateTime notifyCustomer: Boolean }
input ReturnLineItemInput { fulfillmentLineItemId: ID! quantity: Int! returnReason: ReturnReason returnReasonNote: String = "" }
input ReturnRequestInput { orderId: ID! returnLineItems: [ReturnRequestLineItemInput!]! }
input ReturnRequestLineItemInput { fulfillmentLineItemId: ID! quantity: Int! returnReason: ReturnReason customerNote: String }

enum OrderSortKeys { ID CREATED_AT PROCESSED_AT ORDER_NUMBER UPDATED_AT TOTAL_PRICE }
enum OrderCancelReason { CUSTOMER DECLINED FRAUD INVENTORY OTHER STAFF }
enum OrderCancelUserErrorCode { INTERNAL_ERROR INVALID NOT_FOUND NO_REFUND_PERMISSION }
enum OrderDisplayFulfillmentStatus {
  FULFILLED IN_PROGRESS ON_HOLD OPEN PARTIALLY_FULFILLED PENDING_FULFILLMENT REQUEST_DECLINED RESTOCKED SCHEDULED
  UNFULFILLED
}
enum FulfillmentStatus { CANCELLED ERROR FAILURE SUCCESS }
enum FulfillmentDisplayStatus { CONFIRMED DELIVERED FULFILLED IN_TRANSIT OUT_FOR_DELIVERY }
enum ReturnStatus { CANCELED CLOSED DECLINED OPEN REQUESTED }
enum ReturnReason { COLOR DEFECTIVE NOT_AS_DESCRIBED OTHER SIZE_TOO_LARGE SIZE_TOO_SMALL STYLE UNKNOWN UNWANTED WRONG_ITEM }
enum ReturnErrorCode { INVALID INVALID_STATE NOT_FOUND TOO_BIG BLANK }
"""


def load() -> Schema:
    """The schema, with a connection type for every name that ends in Connection."""
    schema = parse_schema(_TEXT)
    wanted = {f.type.base for fields in schema.types.values() for f in fields.values()}
    for name in sorted(n for n in wanted if n.endswith("Connection")):
        node = TypeRef(name.removesuffix("Connection"), True)
        edge = f"{node.name}Edge"
        schema.types[edge] = {"node": FieldType(node), "cursor": FieldType(TypeRef("String", True))}
        schema.types[name] = {
            "nodes": FieldType(TypeRef("", True, node)),
            "edges": FieldType(TypeRef("", True, TypeRef(edge, True))),
            "pageInfo": FieldType(TypeRef("PageInfo", True)),
        }
    return schema
