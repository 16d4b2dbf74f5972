using Pup.Grains;
using Pup.Silo.Clustering;

namespace Pup.Silo.Configuration;

/// <summary>What flags, environment and file together say.</summary>
/// <param name="Options">The engine's options; <see cref="PupOptions.ConnectionString"/> is empty when nobody gave one.</param>
/// <param name="Projections">Names of the projections that this silo hosts; empty means all.</param>
/// <param name="Notes">Lines to log once at the start, about things that were accepted and have no effect.</param>
internal sealed record SiloConfiguration(PupOptions Options, IReadOnlyList<string> Projections, IReadOnlyList<string> Notes)
{
    /// <summary>How this silo joins others.</summary>
    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>What it serves over HTTP.</summary>
    public HttpSettings Http { get; init; } = new();

    /// <summary>The options that are lists or tables, as the platform's configuration names their values.</summary>
    public IReadOnlyDictionary<string, string?> Nested { get; init; } = new Dictionary<string, string?>();

    public bool LogJson { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public void CopyTo(PupOptions target)
    {
        foreach (var setting in Setting.OfEngine)
            setting.Copy(Options, target);
    }
}
