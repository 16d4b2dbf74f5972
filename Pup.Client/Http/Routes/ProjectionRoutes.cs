using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pup.Client.Operations;

namespace Pup.Client.Http.Routes;

/// <summary>How the projections fare: now, live, and until they have caught up.</summary>
internal static class ProjectionRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/projections", ListAsync).Reads("All projections").Answers<IReadOnlyList<ProjectionReport>>();
        routes.MapGet("/projections/{name}", GetAsync).Reads("One projection").Answers<ProjectionReport>();
        routes.MapGet("/projections/{name}/events", FollowAsync)
            .Reads("One projection, live: an event `status` whenever something has changed, `trouble` while it cannot be told").Streaming<ProjectionReport>();
        routes.MapGet("/projections/{name}/catch-up", CatchUpAsync)
            .Reads("One projection, live, until it has applied what the log holds now: events `status`, and then `end`").Streaming<ProjectionReport>();
    }

    private static async Task<IResult> ListAsync(IProjectionClient client, CancellationToken cancellationToken) =>
        TypedResults.Json(await client.ListAsync(cancellationToken), HttpJson.Default.IReadOnlyListProjectionReport);

    private static async Task<IResult> GetAsync(string name, IProjectionClient client, CancellationToken cancellationToken) =>
        TypedResults.Json(await client.GetAsync(name, cancellationToken), HttpJson.Default.ProjectionReport);

    private static async Task<IResult> FollowAsync(string name, IProjectionClient client, HttpContext context, CancellationToken cancellationToken)
    {
        var first = await client.GetAsync(name, cancellationToken);
        return TypedResults.ServerSentEvents(
            EventStream.FollowAsync(Item(first), AskAsync, context.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System, cancellationToken));

        async Task<SseItem<string>?> AskAsync(CancellationToken token) => Item(await client.GetAsync(name, token));
    }

    private static async Task<IResult> CatchUpAsync(string name, IProjectionClient client, CancellationToken cancellationToken)
    {
        var reports = client.CatchUpAsync(name, cancellationToken).GetAsyncEnumerator(cancellationToken);
        if (await FirstAsync(reports))
            return TypedResults.ServerSentEvents(EventStream.PassAsync(reports, HttpJson.Default.ProjectionReport, EventStream.Status, cancellationToken));
        await reports.DisposeAsync();
        return TypedResults.NoContent();
    }

    private static SseItem<string> Item(ProjectionReport report) => EventStream.Item(report, HttpJson.Default.ProjectionReport, EventStream.Status);

    private static async Task<bool> FirstAsync<T>(IAsyncEnumerator<T> items)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch
        {
            await items.DisposeAsync();
            throw;
        }
    }
}
