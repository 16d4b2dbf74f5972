using Orleans.Runtime;

namespace Pup.Client;

/// <summary>In whose name projections are operated: what the audit table says of a command.</summary>
public static class PupActor
{
    private const string Key = "Pup.Actor";

    private const int MaxLength = 200;

    private static readonly string _process = $"{Environment.UserName}@{Environment.MachineName}";

    /// <summary>Sets the actor for what this asynchronous flow does from now on.</summary>
    /// <param name="actor">A name that an operator will recognise.</param>
    public static void Set(string actor)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(actor);
        RequestContext.Set(Key, actor.Length > MaxLength ? actor[..MaxLength] : actor);
    }

    /// <summary>The actor of this asynchronous flow; <c>user@machine</c> of this process when nobody was set.</summary>
    public static string Get() => RequestContext.Get(Key) as string ?? _process;
}
