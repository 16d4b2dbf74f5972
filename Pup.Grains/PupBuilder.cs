using Microsoft.Extensions.DependencyInjection;
using Pup.Grains.Projections;

namespace Pup.Grains;

/// <summary>Adds projections to a silo.</summary>
public sealed class PupBuilder
{
    internal PupBuilder(IServiceCollection services) => Services = services;

    /// <summary>The host's services, for what projections depend on.</summary>
    public IServiceCollection Services { get; }

    /// <summary>
    /// Runs <typeparamref name="TProjection"/> on this silo. Each partition gets an instance of its own, made with the host's services.
    /// </summary>
    public PupBuilder AddProjection<TProjection>(Action<ProjectionOptions>? configure = null)
        where TProjection : class, IProjection
    {
        Services.AddSingleton(new ProjectionRegistration(typeof(TProjection), configure));
        return this;
    }
}
