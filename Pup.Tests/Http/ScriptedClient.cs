using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pup.Client;
using Pup.Client.Events;
using Pup.Client.Operations;

namespace Pup.Tests.Http;

/// <summary>Answers as a test says, and notes what it was told to do and by whom; for what concerns the routes alone.</summary>
internal sealed class ScriptedClient : IProjectionClient
{
    public ConcurrentQueue<string> Calls { get; } = [];

    public string? Actor { get; private set; }

    /// <summary>What every call fails with.</summary>
    public Exception? Failure { get; set; }

    public ProjectionReport Report { get; set; } = Of("orders");

    /// <summary>What a rebuild or a catch-up goes on with; until this is set it hangs.</summary>
    public TaskCompletionSource Goes { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static ProjectionReport Of(string name, ProjectionCondition condition = ProjectionCondition.CaughtUp, long lag = 0) => new()
    {
        Projection = name,
        Condition = condition,
        LogPosition = 100,
        Lag = lag,
        ParkedKeys = 0,
        DeadLetters = 0,
        Partitions = [new PartitionReport { Partition = 0, Condition = condition, Lag = lag, ParkedKeys = 0, Position = 100 - lag }],
    };

    public Task<IReadOnlyList<ProjectionReport>> ListAsync(CancellationToken cancellationToken = default) => AnswerAsync<IReadOnlyList<ProjectionReport>>("list", [Report]);

    public Task<ProjectionReport> GetAsync(string projection, CancellationToken cancellationToken = default) =>
        projection == Report.Projection ? AnswerAsync($"get {projection}", Report) : throw new ProjectionNotFoundException(projection);

    public async IAsyncEnumerable<RebuildProgress> RebuildAsync(string projection, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var progress = new RebuildProgress(0, 100, DateTimeOffset.UnixEpoch, null, false);
        await AnswerAsync($"rebuild {projection}", 0);
        Report = Report with { Rebuild = progress };
        yield return progress;
        await Goes.Task.WaitAsync(cancellationToken);
        yield return progress with { Applied = 100, IsDone = true };
    }

    public Task CancelRebuildAsync(string projection, CancellationToken cancellationToken = default) => AnswerAsync($"cancel {projection}", 0);

    public Task PauseAsync(string projection, CancellationToken cancellationToken = default) => AnswerAsync($"pause {projection}", 0);

    public Task ResumeAsync(string projection, CancellationToken cancellationToken = default) => AnswerAsync($"resume {projection}", 0);

    public Task RestartAsync(string projection, CancellationToken cancellationToken = default) => AnswerAsync($"restart {projection}", 0);

    public Task RepartitionAsync(string projection, int partitions, CancellationToken cancellationToken = default) => AnswerAsync($"repartition {projection} {partitions}", 0);

    public async IAsyncEnumerable<ProjectionReport> CatchUpAsync(string projection, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return await AnswerAsync($"catch up {projection}", Report);
        await Goes.Task.WaitAsync(cancellationToken);
        yield return Report with { Reason = "there" };
    }

    public Task<IReadOnlyList<DeadLetterSummary>> ListDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default) =>
        AnswerAsync<IReadOnlyList<DeadLetterSummary>>($"letters {projection} {filter}", [Letter(1)]);

    public Task<DeadLetterDetails?> FindDeadLetterAsync(string projection, long id, CancellationToken cancellationToken = default) =>
        AnswerAsync($"letter {projection} {id}", id == 1 ? Letter(1) : null);

    public Task<long> RetryDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default) =>
        AnswerAsync($"retry {projection} {filter}", 3L);

    public Task<long> DiscardDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default) =>
        AnswerAsync($"discard {projection} {filter}", 2L);

    public Task<WaitResult> WaitForAsync(string projection, AppendResult appended, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        AnswerAsync($"wait {projection} {appended.LastPosition} {timeout}", new WaitResult(WaitOutcome.BlockedByWriter, "pid 7"));

    private static DeadLetterDetails Letter(long id) => new()
    {
        Id = id,
        OrderingKey = "k",
        Position = 7,
        EventId = Guid.Empty,
        EventType = "Happened",
        Status = "failed",
        Attempts = 3,
        Error = "no",
        FullError = "no\nat all",
        CreatedAt = DateTimeOffset.UnixEpoch,
        Event = new PersistedEvent
        {
            GlobalPosition = 7,
            BoundedContext = "Test",
            AggregateType = "Thing",
            AggregateId = "k",
            AggregateVersion = 1,
            EventId = Guid.Empty,
            EventType = "Happened",
            EventVersion = 1,
            Payload = "{\"secret\":1}"u8.ToArray(),
            CreatedAt = DateTimeOffset.UnixEpoch,
        },
    };

    private Task<T> AnswerAsync<T>(string call, T answer)
    {
        Calls.Enqueue(call);
        Actor = PupActor.Get();
        return Failure is null ? Task.FromResult(answer) : Task.FromException<T>(Failure);
    }
}
