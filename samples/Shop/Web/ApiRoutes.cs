using Shop.Ordering;

namespace Shop.Web;

/// <summary>The shop for programs: the same as the pages, as JSON.</summary>
internal static class ApiRoutes
{
    public static void MapApi(this WebApplication app)
    {
        var api = app.MapGroup("/api");
        api.MapGet("/orders", async (ShopReader reader) => Results.Ok(await reader.OrdersAsync()));
        api.MapGet("/orders/{id}", async (string id, ShopReader reader) => await reader.OrderAsync(id) is { } order ? Results.Ok(order) : Results.NotFound());
        api.MapGet("/stock", async (ShopReader reader) => Results.Ok(await reader.StockAsync()));
        api.MapGet("/customers", async (ShopReader reader, decimal spent = 0) => Results.Ok(await reader.CustomersAsync(spent)));
        api.MapPost("/orders", PlaceAsync);
        api.MapPost("/orders/{id}/payment", async (string id, OrderDesk desk, ReadYourWrites reads, CancellationToken cancellationToken) =>
            await AnswerAsync(await desk.PayAsync(id, cancellationToken), reads, cancellationToken));
        api.MapPost("/stock/{article}", async (string article, int quantity, OrderDesk desk, ReadYourWrites reads, CancellationToken cancellationToken) =>
            await AnswerAsync(await desk.RestockAsync(article, quantity, cancellationToken), reads, cancellationToken));
    }

    private static async Task<IResult> PlaceAsync(OrderRequest request, OrderDesk desk, ReadYourWrites reads, CancellationToken cancellationToken)
    {
        var form = new OrderForm(request.Customer.Trim(), request.Article, request.Quantity, request.RequestId ?? Guid.CreateVersion7());
        return await AnswerAsync(await desk.PlaceAsync(form, cancellationToken), reads, cancellationToken);
    }

    // Accepted rather than created when the read model is late: the order is safe, and its page is not there yet.
    private static async Task<IResult> AnswerAsync(Decision decision, ReadYourWrites reads, CancellationToken cancellationToken) => decision switch
    {
        Decision.Accepted accepted when await reads.ShowsAsync(accepted, cancellationToken) => Results.Created($"/api/orders/{accepted.OrderId}", accepted),
        Decision.Accepted accepted => Results.Accepted($"/api/orders/{accepted.OrderId}", accepted),
        Decision.Refused refused => Results.Problem(refused.Reason, statusCode: StatusCodes.Status409Conflict),
        _ => throw new InvalidOperationException($"{decision} is no decision."),
    };
}
