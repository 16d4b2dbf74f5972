using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Pup.Client.Http;
using Pup.Client.Http.Routes;
using Pup.Client.Operations.Cluster;
using Pup.Silo.Configuration;
using Pup.Silo.Doctor;

namespace Pup.Silo.Web;

/// <summary>
/// <c>GET /pup/doctor</c>: what is wrong, and what to do about it. It changes nothing, and yet is for operators alone: findings show
/// what other sessions of the database do and for how long, their process ids and application names, and how the database is set up.
/// </summary>
internal static class DoctorRoute
{
    /// <summary>Where it is, below the routes of projections.</summary>
    public const string Name = "doctor";

    // Each examination holds a session of the database for seconds; however many ask, there is one such session.
    private static readonly SemaphoreSlim _turn = new(1, 1);

    public static void Map(IEndpointRouteBuilder app, SiloConfiguration configuration) =>
        app.MapGet($"/pup/{Name}", (IClusterAccess cluster, TimeProvider time, CancellationToken cancellationToken) => ExamineAsync(configuration, cluster, time, cancellationToken))
            .Operates("Examines database and projections for a few seconds: what is wrong, and what to do about it")
            .Answers<DoctorReport>()
            .WithTags("Pup")
            .RequirePup(app, PupPolicies.Operate);

    private static async Task<JsonHttpResult<DoctorReport>> ExamineAsync(SiloConfiguration configuration, IClusterAccess cluster, TimeProvider time, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return TypedResults.Json(await Examination.RunAsync(configuration, cluster, time, cancellationToken), DoctorJson.Default.DoctorReport);
        }
        finally
        {
            _turn.Release();
        }
    }
}
