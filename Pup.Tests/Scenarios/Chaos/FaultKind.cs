namespace Pup.Tests.Scenarios.Chaos;

/// <summary>What is done to a cluster.</summary>
internal enum FaultKind
{
    /// <summary>kill -9 of a silo.</summary>
    KillSilo,

    /// <summary>SIGTERM to a silo.</summary>
    TerminateSilo,

    /// <summary>SIGSTOP, and SIGCONT before or after others have taken over.</summary>
    FreezeSilo,

    /// <summary>SIGSTOP while a batch is half sent.</summary>
    FreezeSending,

    /// <summary>The silo's connections to PostgreSQL stand still, or are closed and refused, for seconds.</summary>
    CutLine,

    /// <summary>The silo's connections are cut around COMMIT.</summary>
    CutCommits,

    /// <summary>Packets between the silo and PostgreSQL are dropped for seconds.</summary>
    DropFromServer,

    /// <summary>Packets between the silo and the other silos are dropped for seconds.</summary>
    DropFromSilos,

    /// <summary>Another number of partitions is ordered.</summary>
    Repartition,

    /// <summary>A rebuild is ordered.</summary>
    Rebuild,

    /// <summary>PostgreSQL is restarted in good order.</summary>
    RestartServer,

    /// <summary>PostgreSQL is stopped as by a crash, and started again.</summary>
    CrashServer,

    /// <summary>kill -9 of one backend, so that the server ends all others.</summary>
    KillBackend,

    /// <summary>pg_terminate_backend of some of the engine's sessions.</summary>
    TerminateBackends,
}
