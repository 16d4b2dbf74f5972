using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pup.Silo.Health;

namespace Pup.Silo;

/// <summary>Health checks of a silo in an application.</summary>
public static class PupHealthExtensions
{
    /// <summary>The tag of what says whether the silo does its work: it has joined its cluster, reaches the database, and is not stopping. Never lag.</summary>
    public const string Ready = "ready";

    /// <summary>The tag of what says only that the process answers.</summary>
    public const string Live = "live";

    /// <summary>
    /// Adds a check with the tag <see cref="Ready"/> and one with the tag <see cref="Live"/>; the application maps them as it likes. For a
    /// silo with <see cref="PupSiloExtensions.UsePupClustering"/>. Safe to call twice.
    /// </summary>
    public static IHealthChecksBuilder AddPup(this IHealthChecksBuilder checks)
    {
        ArgumentNullException.ThrowIfNull(checks);
        if (checks.Services.Any(static service => service.ServiceType == typeof(ReadinessCheck)))
            return checks;
        checks.Services.TryAddSingleton<ReadinessCheck>();
        return checks
            .AddCheck<ReadinessCheck>("pup", tags: [Ready])
            .AddCheck("pup process", static () => HealthCheckResult.Healthy(), tags: [Live]);
    }
}
