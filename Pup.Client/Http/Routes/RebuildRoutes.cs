using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pup.Client.Operations;

namespace Pup.Client.Http.Routes;

/// <summary>A rebuild: to begin it, to watch it, to give it up. It goes on whether anybody watches or not.</summary>
internal static class RebuildRoutes
{
    private const string Path = "/projections/{name}/rebuild";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, StartAsync).Operates("Empties the read model and applies the log again from the start").Answers<RebuildProgress>(StatusCodes.Status202Accepted);
        routes.MapGet(Path, GetAsync).Reads("How far a rebuild is").Answers<RebuildProgress>();
        routes.MapGet(Path + "/events", FollowAsync).Reads("How far a rebuild is, live: events `progress`, or `refused` when it was given up, and then `end`").Streaming<RebuildProgress>();
        routes.MapDelete(Path, CancelAsync).Operates("Gives a rebuild up: the projection needs another one then").Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> StartAsync(string name, IProjectionClient client, HttpRequest request, CancellationToken cancellationToken)
    {
        var location = request.PathBase + request.Path;
        await foreach (var progress in client.RebuildAsync(name, cancellationToken))
        {
            request.HttpContext.Response.Headers.Location = location.Value;
            return TypedResults.Json(progress, HttpJson.Default.RebuildProgress, statusCode: StatusCodes.Status202Accepted);
        }

        throw new InvalidOperationException($"The rebuild of '{name}' told nothing.");
    }

    private static async Task<IResult> GetAsync(string name, IProjectionClient client, CancellationToken cancellationToken) =>
        (await client.GetAsync(name, cancellationToken)).Rebuild is { } progress
            ? TypedResults.Json(progress, HttpJson.Default.RebuildProgress)
            : NotRunning(name);

    private static async Task<IResult> FollowAsync(string name, IProjectionClient client, HttpContext context, CancellationToken cancellationToken)
    {
        if ((await client.GetAsync(name, cancellationToken)).Rebuild is not { } first)
            return NotRunning(name);
        var (last, isOver) = (first, first.IsDone);
        return TypedResults.ServerSentEvents(
            EventStream.FollowAsync(Item(first), AskAsync, context.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System, cancellationToken));

        async Task<SseItem<string>?> AskAsync(CancellationToken token)
        {
            if (isOver)
                return null;
            var report = await client.GetAsync(name, token);
            isOver = report.Rebuild is null or { IsDone: true };
            if (report is { Rebuild: null, Condition: ProjectionCondition.NeedsRebuild })
                throw new ProjectionRefusedException($"The rebuild of '{name}' was given up; it needs another one.");
            last = report.Rebuild ?? last with { Applied = last.Total, Remaining = TimeSpan.Zero, IsDone = true };
            return Item(last);
        }
    }

    private static async Task<IResult> CancelAsync(string name, IProjectionClient client, CancellationToken cancellationToken)
    {
        await client.CancelRebuildAsync(name, cancellationToken);
        return TypedResults.NoContent();
    }

    private static ProblemHttpResult NotRunning(string name) => Problems.Missing(Problems.NoRebuild, $"No rebuild of '{name}' is running.");

    private static SseItem<string> Item(RebuildProgress progress) => EventStream.Item(progress, HttpJson.Default.RebuildProgress, EventStream.Progress);
}
