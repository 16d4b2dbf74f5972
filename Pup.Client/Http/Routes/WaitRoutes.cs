using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pup.Client.Events;
using Pup.Client.Operations;

namespace Pup.Client.Http.Routes;

/// <summary>Waiting until a read model shows an append.</summary>
internal static class WaitRoutes
{
    private const int MostPositions = 10_000;
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(5);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/projections/{name}/wait", WaitAsync)
        .Reads("Waits until the read model shows an append, for 5 minutes at most").Takes<WaitRequest>().Answers<WaitResult>();

    private static async Task<IResult> WaitAsync(string name, IProjectionClient client, HttpRequest request, CancellationToken cancellationToken)
    {
        var wait = await JsonBody.ReadAsync(request, HttpJson.Default.WaitRequest);
        if (wait.Timeout < TimeSpan.Zero || wait.Timeout > _longest)
            throw new MalformedRequestException("timeout must be from 00:00:00 to 00:05:00.");
        if (wait.Positions.Count is 0 or > MostPositions || wait.Positions.Any(position => position < 1) || wait.FirstVersion < 0 || wait.LastVersion < wait.FirstVersion)
            throw new MalformedRequestException($"positions must be those of an append, from one to {MostPositions:N0} of them and ascending from 1, and its versions must fit each other.");
        var appended = new AppendResult(wait.Positions, wait.FirstVersion, wait.LastVersion);
        return TypedResults.Json(await client.WaitForAsync(name, appended, wait.Timeout, cancellationToken), HttpJson.Default.WaitResult);
    }
}
