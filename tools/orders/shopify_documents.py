"""What is said to Shopify: GraphQL documents, each well under the 1,000 points one query may cost."""

_ORDER = """
  id name createdAt updatedAt cancelledAt cancellation { staffNote } displayFulfillmentStatus tags
  totalPriceSet { shopMoney { amount currencyCode } }
  customer { id }
  shippingAddress { address1 city zip countryCodeV2 }
  metafield(namespace: "remit", key: "opened") { value }
  lineItems(first: 10) { nodes { id title quantity } }
  fulfillments(first: 5) {
    status createdAt deliveredAt estimatedDeliveryAt trackingInfo(first: 1) { company number }
  }
  returns(first: 5) { nodes { id status createdAt } }
"""
# One order is looked at more closely: all its lines, and who opened its returns.
_CLOSE = _ORDER.replace("lineItems(first: 10)", "lineItems(first: 50)").replace(
    "{ id status createdAt }",
    "{ id status createdAt returnLineItems(first: 1) { nodes { returnReasonNote } } }",
)
FIND_CUSTOMER = """query FindCustomer($id: CustomerIdentifierInput!) {
  customerByIdentifier(identifier: $id) { id metafield(namespace: "remit", key: "external_id") { value } }
}"""
CUSTOMER_ORDERS = """query CustomerOrders($id: ID!) {
  customer(id: $id) { orders(first: 20, sortKey: CREATED_AT, reverse: true) { nodes {ORDER} } }
}""".replace("ORDER}", f"{_ORDER}}}")
FIND_ORDERS = """query FindOrders($query: String!) {
  orders(first: 10, query: $query) { nodes { id name customer { id } } }
}"""
CHANGED_ORDERS = """query ChangedOrders($query: String!) {
  orders(first: 250, query: $query) { nodes { id updatedAt } }
}"""
ONE_ORDER = """query OneOrder($id: ID!) {
  order(id: $id) {ORDER}
  returnableFulfillments(orderId: $id, first: 5) {
    nodes {
      returnableFulfillmentLineItems(first: 20) {
        nodes { quantity fulfillmentLineItem { id lineItem { id } } }
        pageInfo { hasNextPage }
      }
    }
    pageInfo { hasNextPage }
  }
}""".replace("ORDER}", f"{_CLOSE}}}")
JOB = "query CancelJob($id: ID!) { job(id: $id) { id done } }"
# The mark goes first: an order without it was surely not touched, one with it may have been.
CANCEL = """mutation CancelOrder($id: ID!, $tags: [String!]!, $note: String!) {
  tagsAdd(id: $id, tags: $tags) { node { id } userErrors { field message } }
  orderCancel(
    orderId: $id, reason: CUSTOMER, restock: true, staffNote: $note,
    refundMethod: {originalPaymentMethodsRefund: false}
  ) { job { id done } orderCancelUserErrors { field message code } }
}"""
CHANGE_ADDRESS = """mutation ChangeAddress($input: OrderInput!) {
  orderUpdate(input: $input) { order {ORDER} userErrors { field message } }
}""".replace("ORDER}", f"{_ORDER}}}")
OPEN_RETURN = """mutation OpenReturn($id: ID!, $tags: [String!]!, $return: ReturnInput!) {
  tagsAdd(id: $id, tags: $tags) { node { id } userErrors { field message } }
  returnCreate(returnInput: $return) {
    return { id status createdAt order { id } } userErrors { field message code }
  }
}"""
