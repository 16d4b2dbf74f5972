namespace Pup.Client.Operations.Status;

/// <summary>What the database says of the silos.</summary>
/// <param name="Living">Addresses of the silos that are active by the membership table; null when that cannot be read or is not in use.</param>
/// <param name="Hosts">What silos said they host, and whether they said it lately.</param>
internal sealed record ClusterFacts(IReadOnlySet<string>? Living, IReadOnlyList<HostFact> Hosts)
{
    // Asked for each of many partitions.
    private readonly HashSet<string> _hosted =
        [.. Hosts.Where(host => Living?.Contains(host.Silo) ?? host.IsRecent).Select(static host => host.Projection)];

    private readonly HashSet<string> _recent = [.. Hosts.Where(static host => host.IsRecent).Select(static host => host.Silo)];

    /// <returns>Whether a living silo hosts the projection; null when nobody can tell.</returns>
    public bool? IsHosted(string projection) => _hosted.Contains(projection) ? true : Living is null ? null : false;

    /// <returns>Whether the silo lives; null when nobody can tell.</returns>
    public bool? IsLiving(string silo) => Living is not null ? Living.Contains(silo) : _recent.Contains(silo) ? true : null;
}
