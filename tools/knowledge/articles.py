"""The help centre of Northwind Example, the invented shop with subscriptions of the demo."""

from textwrap import dedent

from tools.knowledge.port import Article

HELP_HOST = "help.example.com"


def _article(slug: str, title: str, body: str) -> Article:
    words = " ".join(dedent(body).split())
    return Article(id=slug, title=title, text=words, url=f"https://{HELP_HOST}/articles/{slug}")


ARTICLES: tuple[Article, ...] = (
    _article(
        "export-data",
        "Export your data",
        """
        You can download everything in your workspace at any time. Open Settings, then Data, and choose Export. Pick CSV
        for spreadsheets or JSON for other programs, tick the projects you need and press Start export. Small exports
        are ready within a minute; for large ones we mail you when the file is there. The download stays available for
        7 days. Only workspace owners and admins can export. Attachments come as a separate ZIP archive.
        """,
    ),
    _article(
        "import-data",
        "Import contacts and tasks from a CSV file",
        """
        To bring in a spreadsheet, save it as CSV in UTF-8, open Settings, then Data, and choose Import. Upload the file
        and match its columns to our fields; the first ten rows are shown as a preview. Rows that cannot be read are
        listed and left out, and nothing else is changed. One import may hold up to 20,000 rows. An import can be undone
        as a whole for 24 hours under Settings, Data, History.
        """,
    ),
    _article(
        "change-language",
        "Change the language or time zone",
        """
        Each person sets their own language. Click your picture, choose Preferences and then Language and region. You can
        choose English, German, French or Spanish; the page reloads in the new language at once. Dates, first day of the
        week and the time zone are set on the same page. E-mails follow your language as well. The language of the
        workspace, used for invoices, is set by the owner under Settings, Billing details.
        """,
    ),
    _article(
        "invite-team-members",
        "Invite colleagues: add or remove team members",
        """
        Owners and admins can invite users to the workspace. Open Settings, then Members, press Invite and type one or more e-mail
        addresses. Each person gets a mail with a link that works for 7 days; you can send it again from the same list.
        To remove somebody, open the menu beside their name and choose Remove; their tasks stay and become unassigned.
        The Starter plan has room for 3 members, Team for 25 and Business has no limit. Guests are free.
        """,
    ),
    _article(
        "roles-and-permissions",
        "Roles and permissions",
        """
        There are four roles. Owners can do everything, including billing and closing the workspace. Admins manage
        members, integrations and all projects. Members work in the projects they belong to. Guests see only what is
        shared with them. To change a role, open Settings, then Members, and choose the new role beside the name. A
        workspace always keeps at least one owner; to hand over ownership, make the other person an owner first.
        """,
    ),
    _article(
        "integrations",
        "Connect calendars, chat and other apps",
        """
        Open Settings, then Integrations, to connect other tools. There are ready integrations for Google Calendar,
        Outlook, Slack, GitHub and Zapier. Press Connect beside one, sign in there and choose what may be shared. You can
        disconnect at any time on the same page; what was already synced stays. Integrations are part of the Team and
        Business plans. If an integration stops working, disconnecting and connecting it again renews its permission.
        """,
    ),
    _article(
        "api-keys",
        "Create an API key",
        """
        Developers can reach their workspace through our API. Open Settings, then Developers, press New key, give it a
        name and choose read-only or full access. The key is shown once, so copy it to a safe place. Never send a key to
        us or anyone else. A key can be revoked on the same page and stops working at once. The API allows 300 requests
        per minute and key. The documentation is linked on that page. Keys need the Team or Business plan.
        """,
    ),
    _article(
        "notifications",
        "Turn notifications and e-mails on or off",
        """
        Click your picture, choose Preferences and then Notifications. For each kind of event you can choose in the app,
        by e-mail, on your phone, or not at all. A daily summary at a time of your choice can replace single mails.
        Press Pause to silence everything for some hours. Mails about security, invoices and orders cannot be turned
        off. To stop marketing mails use the unsubscribe link at the end of any of them.
        """,
    ),
    _article(
        "mobile-app",
        "Use the mobile app on your phone or tablet",
        """
        The app is free for iPhone and iPad with iOS 17 or later and for Android 11 or later; search for Northwind
        Example in your app store. Sign in with the same e-mail as on the web. Tasks can be read and edited without a
        connection and sync when you are online again. If the app does not sync, pull the list down to refresh, check
        that you have the newest version, and sign out and in again.
        """,
    ),
    _article(
        "dark-mode-and-shortcuts",
        "Dark mode and keyboard shortcuts",
        """
        Click your picture, choose Preferences and then Appearance to switch between light, dark and the setting of your
        device. Text size is on the same page. Press the question mark key anywhere to see all keyboard shortcuts; the
        most used are N for a new task, slash for search and G then P for projects. Shortcuts can be turned off under
        Preferences, Accessibility.
        """,
    ),
    _article(
        "share-a-project",
        "Share a project with people outside your team",
        """
        Open the project and press Share at the top right. Type an e-mail address to invite a guest, or turn on the
        public link so that anyone with the link can look at it without signing in. Guests can comment, and edit if you
        allow it. You can set a date on which access ends. To stop sharing, open Share again and remove the guest or turn
        the public link off.
        """,
    ),
    _article(
        "restore-deleted",
        "Restore deleted tasks and projects",
        """
        Deleted tasks and projects go to the trash and stay there for 30 days. Open the sidebar menu, choose Trash, find
        the item and press Restore; it returns to where it was, with comments and files. After 30 days it is gone for
        good and we cannot bring it back. Archived projects are something else: find them under Projects, filter
        Archived, and press Unarchive.
        """,
    ),
    _article(
        "storage-and-file-limits",
        "File sizes and storage space",
        """
        A single file may be up to 100 MB on the Starter plan and 1 GB on Team and Business. Together, Starter includes 5
        GB of storage, Team 100 GB and Business 1 TB. Settings, then Data, shows how much is used and which files are the
        largest. When the space is full, nothing is lost, but new uploads wait until you delete files or change the plan.
        """,
    ),
    _article(
        "getting-started",
        "Get started: create a workspace and projects",
        """
        A workspace is the place your team shares; projects inside it hold tasks, pages and files. To create a project,
        press New project in the sidebar, choose a template or an empty page, and give it a name. Rename, copy, merge or
        archive a project from the menu beside its title; owners rename the workspace under Settings, General, and add a
        logo there. You may belong to several workspaces and switch at the top left. The user guide with a tutorial and
        short videos is under Help, First steps.
        """,
    ),
    _article(
        "sign-up-and-sign-in",
        "Sign up, sign in with Google and single sign-on",
        """
        To create an account, press Sign up on our home page and register with an e-mail address and a password, or with
        your Google or Microsoft login. If somebody invited you, use the link in that mail, so that you land in the right
        workspace. On the Business plan, admins can configure single sign-on (SAML or OpenID Connect) under Settings,
        Security. All current versions of Chrome, Edge, Firefox and Safari are supported browsers.
        """,
    ),
    _article(
        "views-and-filters",
        "Board, list and table views: sort, filter, hide columns",
        """
        Each project can be shown as a board, a list, a table or a calendar: choose the view at the top. Press Filter to
        see only some tasks, click a column's head to sort the table by it, for example by date, and use the menu of a
        column to hide it. Views can be saved and shared. The dashboard has the same filters, and its charts and colours
        can be changed with Edit dashboard.
        """,
    ),
    _article(
        "reports-and-printing",
        "Reports: make, schedule, print or save as PDF",
        """
        Open Reports and press New report to make a chart or a table from your projects. Download it as PDF, CSV or
        image, print any page with the menu at its top right, or press Schedule to have the report mailed every day, week
        or month. Reports can be shared with your team by Share. Scheduled reports are part of Team and Business.
        """,
    ),
    _article(
        "comments-tags-history",
        "Comments, tags, reminders and the activity history",
        """
        Write comments at the bottom of any task or page; type @ and a name to call a colleague. Tags group tasks across
        projects: type # and a word to use one, and manage them under Settings, Tags. To be reminded, open a task and set
        a reminder with a date and time. The activity history, in the menu of each page, shows who edited what and when,
        and there you can undo a change by restoring a version. Automations under Settings can set tags and reminders.
        """,
    ),
    _article(
        "shipping-times",
        "Shipping times and costs",
        """
        Orders placed before 2 pm on a working day leave our warehouse the same day. Standard delivery takes 3 to 5
        working days within the country and 5 to 10 abroad. Express takes 1 to 2 working days and costs $12.00. Standard
        shipping is free from $50.00, below that it costs $4.90. As soon as the parcel leaves you get a mail with a
        tracking number. We do not deliver to post office boxes.
        """,
    ),
    _article(
        "change-delivery-address",
        "Change the delivery address of an order",
        """
        Until an order is sent, its address can be changed: tell us here the order number and the whole new address, or
        open Orders, choose the order and press Change address. For later orders, change it under Preferences, then
        Addresses. Once a parcel is on its way we cannot change it any more, but the carrier's page often can.
        """,
    ),
    _article(
        "track-an-order",
        "Track an order",
        """
        Your order's page shows where the parcel is: sign in, open Orders and choose the order. The tracking number in
        the dispatch mail works on the carrier's page too. It can take a day until the first scan appears. If the
        expected day has passed by more than three working days, tell us the order number and we look into it.
        """,
    ),
    _article(
        "returns-and-refunds",
        "Returns and refunds",
        """
        You may return an item within 30 days of delivery. Open Orders, choose the order and press Return, or ask us
        here with the order number. Unopened items are refunded in full; opened ones are looked at by a colleague first.
        Damaged or wrong items are returned at our cost. A refund goes back to the card or account that paid and takes 5
        to 10 days to show up, depending on your bank.
        """,
    ),
    _article(
        "warranty",
        "Warranty and repairs",
        """
        All devices we sell carry a two-year warranty from the day of delivery. It covers faults in material and
        workmanship, not damage from falls, water or opening the case. Keep the order number as proof of purchase. To
        make a claim, tell us the order number and what is wrong, with a photo if you can. We repair or replace the
        item, usually within 10 working days, and pay for shipping both ways.
        """,
    ),
    _article(
        "gift-cards-and-discounts",
        "Gift cards and discount codes",
        """
        Gift cards are sent by e-mail and are valid for three years. To use one, or a discount code, type it into the
        field Code at checkout before paying. One discount code can be used per order; it can be combined with gift
        cards. What is left on a gift card stays on it. A code cannot be applied to an order already placed. Students and
        non-profit organisations get 20 percent off subscriptions on request.
        """,
    ),
    _article(
        "invoices",
        "Find, download and correct invoices",
        """
        Owners find all invoices under Settings, Billing, Invoices, each as a PDF. We can also send an invoice again to
        the e-mail on file. To get your company's name, address or VAT number on invoices, fill in Settings, Billing
        details; it counts from the next invoice on. An invoice that was already issued cannot be changed, but a
        colleague can cancel it and issue a new one. Receipts for shop orders are attached to the order confirmation.
        """,
    ),
    _article(
        "payment-methods",
        "Payment methods and updating your card",
        """
        We accept Visa, Mastercard, American Express and SEPA direct debit for subscriptions, and also PayPal and gift
        cards in the shop. To change the card, open Settings, Billing, Payment method, or ask us to mail you a safe link
        to a page where you can enter the new one. Never send card numbers in a chat or mail. If a payment fails we try
        again after 3, 5 and 7 days and tell you each time; your workspace keeps working meanwhile.
        """,
    ),
    _article(
        "plans-and-prices",
        "Plans and prices, upgrading and downgrading",
        """
        There are three plans: Starter, Team and Business, paid monthly or yearly; paying yearly costs less. Owners
        change the plan under Settings, Billing, Plan. An upgrade works at once and you pay only for the days that are
        left in the period. A downgrade takes effect with the next period. Nothing is deleted by a downgrade, but
        features outside the new plan become read-only.
        """,
    ),
    _article(
        "cancel-subscription",
        "Cancel or pause a subscription",
        """
        Owners can cancel under Settings, Billing, Plan, Cancel, or ask us here. A subscription then runs until the end
        of the period that is paid for and is not renewed; until that day you can resume it with one click. Your data
        is kept for 90 days after the end, so that you can export it or come back. There is no separate pause; cancelling
        and resuming later does the same.
        """,
    ),
    _article(
        "change-password",
        "Change or reset your password",
        """
        When you are signed in, open Preferences, then Security, and choose Change password. If you forgot it, press
        Forgot password on the sign-in page, and a link is sent to the e-mail on file; it works for one hour. A password
        needs at least 12 characters. After too many wrong tries an account locks itself and can be unlocked by us once
        we know that it is you. We never ask for your password.
        """,
    ),
    _article(
        "two-factor",
        "Set up two-factor authentication",
        """
        Two-factor sign-in asks for a second proof besides the password. Open Preferences, then Security, choose
        Two-factor authentication and scan the code with an authenticator app, or register a security key. Save the ten
        recovery codes; each works once if your phone is lost. With a new phone, add it here before you give the old one
        away. Without phone and codes, ask us: a colleague checks that it is you before a factor is reset.
        """,
    ),
    _article(
        "change-email-or-name",
        "Change your e-mail address or name",
        """
        Open Preferences, then Profile. A new name is shown at once. For a new e-mail address we send a confirmation to
        the new address and a notice to the old one; the change counts as soon as you confirm. For your safety, password
        and sign-in changes are limited for a day after an address was changed.
        """,
    ),
    _article(
        "delete-account",
        "Delete your account and personal data",
        """
        You can ask us to delete your account at any time; a colleague takes care of it. Export what you want to keep
        first. If you own a workspace, hand it over or close it before. Deleting removes your profile and personal data
        within 30 days and cannot be undone. Invoices are kept as long as the law demands. Under the same address you can
        also ask for a copy of the personal data we hold.
        """,
    ),
    _article(
        "service-status",
        "Is something down? Service status",
        """
        The status page, https://help.example.com/status, shows whether all parts of the service work, what we know
        about an outage and when the next update comes. You can subscribe there by e-mail. If the page is green but
        something does not work for you, reload the page, try another browser or network,
        and then tell us what you see and since when.
        """,
    ),
)
