namespace Pup.Client.Http.Routes;

/// <summary>For which append to wait, and how long.</summary>
internal sealed record WaitRequest
{
    /// <summary>Positions of its events.</summary>
    public required IReadOnlyList<long> Positions { get; init; }

    /// <summary>As hours, minutes and seconds.</summary>
    public required TimeSpan Timeout { get; init; }

    public long FirstVersion { get; init; }

    public long LastVersion { get; init; }
}
