using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Pup.Client.Operations;

namespace Pup.Client.Http.Routes;

/// <summary>Dead letters: to see them, to have them tried again, to drop them.</summary>
internal static class DeadLetterRoutes
{
    private const string Path = "/projections/{name}/dead-letters";
    private const int MostListed = 1_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ListAsync).Reads("Dead letters, oldest event first, without payloads").Answers<IReadOnlyList<DeadLetterSummary>>();
        // The payload is what the application wrote, and may be anybody's secret.
        routes.MapGet(Path + "/{id}", FindAsync).Operates("One dead letter with its whole error and its event").Answers<DeadLetterDetails>();
        routes.MapPost(Path + "/retry", RetryAsync)
            .Operates("Asks the owners to apply dead letters again").Takes<DeadLetterSelection>().Answers<SelectedCount>(StatusCodes.Status202Accepted);
        routes.MapPost(Path + "/discard", DiscardAsync)
            .Operates("Asks the owners to drop dead letters: their events will never be applied").Takes<DeadLetterSelection>().Answers<SelectedCount>(StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> ListAsync(
        string name, IProjectionClient client, string? error, string? key, long? after, int? limit, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > MostListed)
            throw new MalformedRequestException($"limit must be a number from 1 to {MostListed:N0}.");
        var filter = new DeadLetterFilter { Error = JsonBody.Text(error, "error"), OrderingKey = JsonBody.Text(key, "key"), After = after };
        return TypedResults.Json(
            await client.ListDeadLettersAsync(name, limit is { } most ? filter with { Limit = most } : filter, cancellationToken),
            HttpJson.Default.IReadOnlyListDeadLetterSummary);
    }

    private static async Task<IResult> FindAsync(string name, long id, IProjectionClient client, CancellationToken cancellationToken) =>
        await client.FindDeadLetterAsync(name, id, cancellationToken) is { } letter
            ? TypedResults.Json(letter, HttpJson.Default.DeadLetterDetails)
            : Problems.Missing(Problems.NoDeadLetter, $"Projection '{name}' has no dead letter {id}.");

    private static async Task<IResult> RetryAsync(string name, IProjectionClient client, HttpRequest request, CancellationToken cancellationToken)
    {
        var selection = await JsonBody.ReadAsync(request, HttpJson.Default.DeadLetterSelection);
        return Accepted(await client.RetryDeadLettersAsync(name, selection.ToFilter(), cancellationToken));
    }

    private static async Task<IResult> DiscardAsync(string name, IProjectionClient client, HttpRequest request, CancellationToken cancellationToken)
    {
        var selection = await JsonBody.ReadAsync(request, HttpJson.Default.DeadLetterSelection);
        return Accepted(await client.DiscardDeadLettersAsync(name, selection.ToFilter(), cancellationToken));
    }

    private static JsonHttpResult<SelectedCount> Accepted(long count) => TypedResults.Json(new SelectedCount(count), HttpJson.Default.SelectedCount, statusCode: StatusCodes.Status202Accepted);
}
