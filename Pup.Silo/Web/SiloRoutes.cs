using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Orleans.Dashboard;
using Pup.Client.Http;
using Pup.Silo.Configuration;

namespace Pup.Silo.Web;

/// <summary>What a silo serves. Health is open to everybody; all else is for those whom <see cref="PupPolicies"/> let in.</summary>
internal static class SiloRoutes
{
    public static void Map(IEndpointRouteBuilder app, SiloConfiguration configuration)
    {
        app.MapPupHealth();
        HealthRoutes.Map(app);
        app.MapPup();
        DoctorRoute.Map(app, configuration);
        app.MapPupMetrics().RequirePup(app, PupPolicies.Read);
        app.MapOrleansDashboard("/dashboard").RequirePup(app, PupPolicies.Read);
    }
}
