using Orleans.Runtime;

namespace Pup.Client.Operations.Cluster;

/// <summary>The identity of a command, the same in every attempt at it; it travels beside the call.</summary>
internal static class CommandIdentity
{
    private const string Key = "Pup.Operation";

    public static void Set(Guid identity) => RequestContext.Set(Key, identity);

    /// <summary>Null where the caller gave none: the call is run as often as it arrives.</summary>
    public static Guid? Get() => RequestContext.Get(Key) as Guid?;
}
