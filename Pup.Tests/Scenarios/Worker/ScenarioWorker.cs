using System.Text.Json;
using Npgsql;
using Pup.Client.Events;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Worker;

/// <summary>
/// A silo's engine in a process of its own, to be killed and frozen. Says <c>running</c>, <c>halted</c> and <c>left</c> on standard
/// output; ends when standard input does, so that it cannot outlive its test.
/// </summary>
internal sealed class ScenarioWorker(WorkerSettings settings)
{
    public const string Command = "scenario-worker";

    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<int> RunAsync(string settings)
    {
        await new ScenarioWorker(JsonSerializer.Deserialize<WorkerSettings>(settings)!).RunAsync();
        return 0;
    }

    /// <summary>Starts the projections on an engine, in whatever process; tries again while the database is not there.</summary>
    public static async Task StartAllAsync(TestEngine engine, WorkerSettings settings, Func<PersistedEvent, ProjectionTransaction, CancellationToken, ValueTask>? before = null)
    {
        void Small(ProjectionOptions options) => options.BatchSize = settings.BatchSize;
        await PersistAsync(() => engine.RunAsync(() => new LedgerProjection(before: before), settings.LedgerPartitions, Small));
        if (settings.LedgerOnly)
            return;
        await PersistAsync(() => engine.RunAsync(() => new CounterProjection(), settings.Partitions, Small));
        await PersistAsync(() => engine.RunAsync(() => new FoldDocuments(), settings.Partitions, Small));
        await PersistAsync(() => engine.RunAsync(() => new LiveProjection(), settings.Partitions, Small));
    }

    /// <summary>The same projections, for a test that runs or changes them itself.</summary>
    public static List<ProjectionDefinition> Definitions(TestEngine engine, WorkerSettings settings) =>
    [
        engine.Define(static () => new LedgerProjection(), settings.LedgerPartitions),
        engine.Define(static () => new CounterProjection(), settings.Partitions),
        engine.Define(static () => new FoldDocuments(), settings.Partitions),
        engine.Define(static () => new LiveProjection(), settings.Partitions),
    ];

    private async Task RunAsync()
    {
        await using var engine = TestEngine.Start(settings.ConnectionString);
        await StartAllAsync(engine, settings, BeforeAsync);
        await Console.Out.WriteLineAsync("running");
        _ = SayLeftAsync(engine);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == "go on")
                _goOn.TrySetResult();
        }

        _goOn.TrySetResult();
    }

    private async ValueTask BeforeAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (@event.GlobalPosition == settings.DieAt)
            Environment.FailFast("This event kills its process.");
        if (@event.GlobalPosition != settings.HaltAt)
            return;
        if (settings.HaltLive)
            await transaction.OpenAsync(cancellationToken);
        await Console.Out.WriteLineAsync("halted");
        await _goOn.Task.WaitAsync(cancellationToken);
    }

    private static async Task SayLeftAsync(TestEngine engine)
    {
        await Eventually.TrueAsync(() => engine.Runners.All(static runner => runner.State == PartitionState.Left), TimeSpan.MaxValue, "all partitions left");
        await Console.Out.WriteLineAsync("left");
    }

    private static async Task PersistAsync(Func<Task> action)
    {
        while (true)
        {
            try
            {
                await action();
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or ObjectDisposedException)
            {
                await Task.Delay(20);
            }
        }
    }
}
