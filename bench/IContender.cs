namespace Pup.Bench;

/// <summary>One way of projecting the log, seen from the benchmark.</summary>
internal interface IContender
{
    /// <summary>As it appears in the results, for example <c>pipelined</c>.</summary>
    string Name { get; }

    /// <summary>The table of the read model, which the benchmark empties before a run and verifies after it.</summary>
    ReadModel ReadModel { get; }

    /// <summary>Whatever must exist before the clock starts, besides empty tables. Default: nothing.</summary>
    Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Projects the log from its beginning and returns when <paramref name="target"/> is committed in every partition.</summary>
    Task RunAsync(long target, CancellationToken cancellationToken);
}
