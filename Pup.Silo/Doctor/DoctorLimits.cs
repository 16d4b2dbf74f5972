namespace Pup.Silo.Doctor;

/// <summary>From when on something is a finding.</summary>
internal sealed record DoctorLimits
{
    /// <summary>How long is watched for what moves and what does not.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Positions behind the log.</summary>
    public long Lag { get; init; } = 10_000;

    /// <summary>How long a checkpoint may stand still while there are events for it; a slow batch takes no longer than its handler's timeout.</summary>
    public TimeSpan StandsStill { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a transaction may hold the mark back.</summary>
    public TimeSpan OpenWriter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one of Pup's sessions may wait for a lock.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a statement may run.</summary>
    public TimeSpan LongQuery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a transaction may stand idle.</summary>
    public TimeSpan IdleTransaction { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Share of the connections that may be busy at once.</summary>
    public double Busy { get; init; } = 0.5;

    /// <summary>Share of the connections that may be open at once.</summary>
    public double Used { get; init; } = 0.9;

    /// <summary>Dead row versions of one of Pup's tables that vacuum may leave behind.</summary>
    public long DeadRows { get; init; } = 50_000;

    /// <summary>Size from which on an index that nobody uses is worth a word.</summary>
    public long UnusedIndexBytes { get; init; } = 16L << 20;
}
