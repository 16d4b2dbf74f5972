using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Pup.Client.Http.Health;

/// <summary><c>/health</c>, as pupsourcing's guide has it.</summary>
internal static class HealthRoute
{
    private static readonly string[] _methods = [HttpMethods.Get, HttpMethods.Head];

    public static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string pattern)
    {
        var services = endpoints.ServiceProvider;
        var thresholds = ActivatorUtilities.CreateInstance<LagThresholds>(services);
        thresholds.Check();
        var probe = ActivatorUtilities.CreateInstance<HealthProbe>(services, thresholds, services.GetService<TimeProvider>() ?? TimeProvider.System);
        return endpoints.MapMethods(pattern, _methods, async Task<IResult> (HttpContext context) =>
        {
            var answer = await probe.AskAsync().WaitAsync(context.RequestAborted);
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.Json(answer, HttpJson.Default.HealthAnswer, statusCode: answer.IsHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        }).ExcludeFromDescription();
    }
}
