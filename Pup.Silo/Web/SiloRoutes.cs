using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Orleans.Dashboard;
using Pup.Client.Http;

namespace Pup.Silo.Web;

/// <summary>What a silo serves. Health is open to everybody; all else is for those whom <see cref="PupPolicies"/> let in.</summary>
internal static class SiloRoutes
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPupHealth();
        HealthRoutes.Map(app);
        app.MapPup();
        app.MapPupMetrics().RequirePup(app, PupPolicies.Read);
        app.MapOrleansDashboard("/dashboard").RequirePup(app, PupPolicies.Read);
    }
}
