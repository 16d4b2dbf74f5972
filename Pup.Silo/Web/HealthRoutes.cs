using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pup.Silo.Web;

/// <summary><c>/health/ready</c> and <c>/health/live</c>, in the words of <c>/health</c>.</summary>
internal static class HealthRoutes
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapHealthChecks("/health/ready", Of(PupHealthExtensions.Ready));
        app.MapHealthChecks("/health/live", Of(PupHealthExtensions.Live));
    }

    private static HealthCheckOptions Of(string tag) => new() { Predicate = check => check.Tags.Contains(tag), ResponseWriter = WriteAsync };

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var trouble = report.Entries.Values.FirstOrDefault(entry => entry.Status != HealthStatus.Healthy).Description;
        return context.Response.WriteAsJsonAsync(trouble is null ? new Dictionary<string, string> { ["status"] = "healthy" } : new() { ["status"] = "unhealthy", ["error"] = trouble });
    }
}
