namespace Pup.Grains.Telemetry;

/// <summary>The cluster as its membership has it.</summary>
internal static class MembershipExtensions
{
    /// <summary>Silos that take part, as they stand beside the partitions they own.</summary>
    public static IReadOnlySet<string> ActiveSilos(this IClusterMembershipService membership) => membership.CurrentSnapshot.Members.Values
        .Where(static member => member.Status == SiloStatus.Active)
        .Select(static member => member.SiloAddress.ToParsableString())
        .ToHashSet(StringComparer.Ordinal);
}
