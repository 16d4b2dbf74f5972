using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Shop.Ordering;
using Shop.Pages;

namespace Shop.Web;

/// <summary>The shop for people. Forms are answered with a redirect, to a page that shows what was done.</summary>
internal static class PageRoutes
{
    public static void MapPages(this WebApplication app)
    {
        app.MapGet("/", async (ShopReader reader, string? customer, string? article, string? quantity, string? message) =>
            new RazorComponentResult<FrontPage>(new
            {
                Stock = await reader.StockAsync(),
                RequestId = Guid.CreateVersion7(),
                Customer = customer,
                Article = article,
                Quantity = quantity ?? "1",
                Message = message,
            }));
        app.MapGet("/orders", async (ShopReader reader, string? order, string? message) =>
            new RazorComponentResult<OrdersPage>(new { Orders = await reader.OrdersAsync(), Fresh = order, Message = message }));
        app.MapGet("/stock", async (ShopReader reader, string? message) =>
            new RazorComponentResult<StockPage>(new { Stock = await reader.StockAsync(), Message = message }));
        app.MapGet("/customers", async (ShopReader reader) =>
            new RazorComponentResult<CustomersPage>(new { Customers = await reader.CustomersAsync(spent: 0) }));

        // Nobody signs in here, so there is nothing that a forged form could abuse.
        var forms = app.MapGroup("").DisableAntiforgery();
        forms.MapPost("/orders", PlaceAsync);
        forms.MapPost("/orders/{id}/payment", PayAsync);
        forms.MapPost("/stock/{article}", RestockAsync);
    }

    private static async Task<IResult> PlaceAsync(
        [FromForm] string customer, [FromForm] string article, [FromForm] int quantity, [FromForm] Guid requestId,
        OrderDesk desk, ReadYourWrites reads, CancellationToken cancellationToken)
    {
        var decision = await desk.PlaceAsync(new OrderForm(customer.Trim(), article, quantity, requestId), cancellationToken);
        return decision is Decision.Accepted accepted
            ? Go($"/orders?order={accepted.OrderId}", await reads.ShowsAsync(accepted, cancellationToken) ? $"Order {accepted.OrderId} is placed." : Late)
            : Go(Again(customer, article, quantity), ((Decision.Refused)decision).Reason);
    }

    // With what was filled in: whoever is refused wants to change one thing, not to begin anew.
    private static string Again(string customer, string article, int quantity) =>
        string.Create(CultureInfo.InvariantCulture, $"/?customer={Uri.EscapeDataString(customer)}&article={Uri.EscapeDataString(article)}&quantity={quantity}");

    private static async Task<IResult> PayAsync(string id, OrderDesk desk, ReadYourWrites reads, CancellationToken cancellationToken) =>
        await desk.PayAsync(id, cancellationToken) switch
        {
            Decision.Accepted accepted => Go($"/orders?order={Uri.EscapeDataString(id)}", await reads.ShowsAsync(accepted, cancellationToken) ? $"Order {id} is paid." : Late),
            var refused => Go("/orders?", ((Decision.Refused)refused).Reason),
        };

    private static async Task<IResult> RestockAsync(
        string article, [FromForm] int quantity, OrderDesk desk, ReadYourWrites reads, CancellationToken cancellationToken) =>
        await desk.RestockAsync(article, quantity, cancellationToken) switch
        {
            Decision.Accepted accepted => Go("/stock?", await reads.ShowsAsync(accepted, cancellationToken) ? "The delivery is on the shelf." : Late),
            var refused => Go("/stock?", ((Decision.Refused)refused).Reason),
        };

    private const string Late = "It is done, and will be shown in a moment.";

    private static RedirectHttpResult Go(string path, string message) =>
        TypedResults.LocalRedirect($"{path}{(path[^1] == '?' ? "" : "&")}message={Uri.EscapeDataString(message)}");
}
