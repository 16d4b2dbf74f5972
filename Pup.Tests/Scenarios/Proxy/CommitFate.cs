namespace Pup.Tests.Scenarios.Proxy;

/// <summary>What a proxy does to a COMMIT.</summary>
internal enum CommitFate
{
    /// <summary>Passes it on, and the answer.</summary>
    Pass,

    /// <summary>Cuts the connection before the server gets it.</summary>
    CutBefore,

    /// <summary>Passes it on and cuts the connection at once: the outcome is a race.</summary>
    CutAtOnce,

    /// <summary>Waits for the server's answer, then cuts the connection instead of passing it on.</summary>
    CutAfter,

    /// <summary>Passes it on and never passes the answer, until the client gives up.</summary>
    Stall,

    /// <summary>Passes the answer on, late.</summary>
    Delay,
}
