using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pup.Client.Http.Access;
using Pup.Client.Http.Health;
using Pup.Client.Http.Routes;
using Pup.Client.Operations;

namespace Pup.Client.Http;

/// <summary>Projections over HTTP, in any ASP.NET host.</summary>
public static class PupHttpExtensions
{
    /// <summary>
    /// Adds a document that describes the routes, which <see cref="MapPup"/> then serves as <c>openapi.json</c>; all the rest of it works
    /// without. Safe to call twice.
    /// </summary>
    public static IServiceCollection AddPupHttp(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(static service => service.ServiceType == typeof(ApiKeyRing)))
            return services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ApiKeyRing>();
        return services.AddOpenApi(ApiDescription.DocumentName, ApiDescription.Configure);
    }

    /// <summary>
    /// Maps all that <see cref="IProjectionClient"/> can do, which must be among the services. Nothing is open by default: see
    /// <see cref="PupHttpOptions"/>.
    /// </summary>
    /// <param name="endpoints">The host's routes.</param>
    /// <param name="prefix">Where they begin.</param>
    /// <param name="configure">Names the host's own policies.</param>
    public static IEndpointConventionBuilder MapPup(this IEndpointRouteBuilder endpoints, string prefix = "/pup", Action<PupHttpOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        if (endpoints.ServiceProvider.GetService<IServiceProviderIsService>()?.IsService(typeof(IProjectionClient)) == false)
            throw new InvalidOperationException($"There is no {nameof(IProjectionClient)} among the services. Add one, for example with AddPupClient.");
        var group = endpoints.MapGroup(prefix).WithTags("Pup");
        Guard(group, endpoints.ServiceProvider, configure);
        ProjectionRoutes.Map(group);
        OperationRoutes.Map(group);
        RebuildRoutes.Map(group);
        DeadLetterRoutes.Map(group);
        WaitRoutes.Map(group);
        if (endpoints.ServiceProvider.GetService<ApiKeyRing>() is not null)
            ApiDescription.Map(group);
        return group;
    }

    /// <summary>
    /// Lets only those in who may do what a policy of <see cref="PupPolicies"/> says: for pages of an operator that are not Pup's own, such
    /// as a dashboard.
    /// </summary>
    public static TBuilder RequirePup<TBuilder>(this TBuilder routes, IEndpointRouteBuilder endpoints, string policy, Action<PupHttpOptions>? configure = null)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(endpoints);
        routes.Add(endpoint => endpoint.Metadata.Add(new RouteAccess(policy)));
        Guard(routes, endpoints.ServiceProvider, configure);
        return routes;
    }

    /// <summary>
    /// Maps the health of all projections: 200 <c>{"status":"healthy"}</c>, or 503 with the largest lag and its threshold
    /// (<c>Pup:LagThreshold</c>, 10,000 unless configured; <c>Pup:LagThresholds:name</c> for one projection) or with what is wrong. Open to
    /// everybody: it names no host and no user.
    /// </summary>
    public static IEndpointConventionBuilder MapPupHealth(this IEndpointRouteBuilder endpoints, string pattern = "/health")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return HealthRoute.Map(endpoints, pattern);
    }

    private static void Guard(IEndpointConventionBuilder routes, IServiceProvider services, Action<PupHttpOptions>? configure)
    {
        var options = new PupHttpOptions();
        configure?.Invoke(options);
        var gate = ActivatorUtilities.CreateInstance<Gate>(
            services, options, services.GetService<ApiKeyRing>() ?? ActivatorUtilities.CreateInstance<ApiKeyRing>(services, services.GetService<TimeProvider>() ?? TimeProvider.System));
        routes.Finally(gate.Guard);
    }
}
