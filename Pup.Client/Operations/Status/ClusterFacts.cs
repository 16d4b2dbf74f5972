namespace Pup.Client.Operations.Status;

/// <summary>What the database says of the silos.</summary>
/// <param name="Living">Addresses of the silos that are active by the membership table; null when that cannot be read or is not in use.</param>
/// <param name="Hosts">What silos said they host, and whether they said it lately.</param>
internal sealed record ClusterFacts(IReadOnlySet<string>? Living, IReadOnlyList<HostFact> Hosts)
{
    /// <returns>Whether a living silo hosts the projection; null when nobody can tell.</returns>
    public bool? IsHosted(string projection)
    {
        var hosts = Hosts.Where(host => host.Projection == projection);
        return Living is not null ? hosts.Any(host => Living.Contains(host.Silo)) : hosts.Any(static host => host.IsRecent) ? true : null;
    }

    /// <returns>Whether the silo lives; null when nobody can tell.</returns>
    public bool? IsLiving(string silo) =>
        Living is not null ? Living.Contains(silo) : Hosts.Any(host => host.Silo == silo && host.IsRecent) ? true : null;
}
