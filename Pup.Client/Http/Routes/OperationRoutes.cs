using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pup.Client.Operations;

namespace Pup.Client.Http.Routes;

/// <summary>Pause, resume, restart, repartition.</summary>
internal static class OperationRoutes
{
    private const int MostPartitions = 10_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/projections/{name}/pause", PauseAsync).Operates("Stops a projection, also across restarts").Produces(StatusCodes.Status204NoContent);
        routes.MapPost("/projections/{name}/resume", ResumeAsync).Operates("Lets a paused or faulted projection run again").Produces(StatusCodes.Status204NoContent);
        routes.MapPost("/projections/{name}/restart", RestartAsync).Operates("Makes every partition start anew from its checkpoint").Produces(StatusCodes.Status204NoContent);
        routes.MapPut("/projections/{name}/partitions", RepartitionAsync)
            .Operates("Gives a projection another number of partitions while it runs").Takes<RepartitionRequest>().Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> PauseAsync(string name, IProjectionClient client, CancellationToken cancellationToken)
    {
        await client.PauseAsync(name, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> ResumeAsync(string name, IProjectionClient client, CancellationToken cancellationToken)
    {
        await client.ResumeAsync(name, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RestartAsync(string name, IProjectionClient client, CancellationToken cancellationToken)
    {
        await client.RestartAsync(name, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RepartitionAsync(string name, IProjectionClient client, HttpRequest request, CancellationToken cancellationToken)
    {
        var wanted = await JsonBody.ReadAsync(request, HttpJson.Default.RepartitionRequest);
        if (wanted.Partitions is < 1 or > MostPartitions)
            throw new MalformedRequestException($"partitions must be a number from 1 to {MostPartitions:N0}.");
        await client.RepartitionAsync(name, wanted.Partitions, cancellationToken);
        return TypedResults.NoContent();
    }
}
