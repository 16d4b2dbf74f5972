using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pup.Grains;
using Pup.Grains.Coordination;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;

namespace Pup.Tests.Support;

/// <summary>One silo's engine without the silo: the feed, and runners for whatever projections a test gives it.</summary>
internal sealed class TestEngine : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly XunitLoggerProvider _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _tasks = [];
    private readonly List<PartitionRunner> _runners = [];

    private TestEngine(ServiceProvider services, XunitLoggerProvider log) => (_services, _log) = (services, log);

    public Engine Engine => _services.GetRequiredService<Engine>();

    public EventFeed Feed => _services.GetRequiredService<EventFeed>();

    public PupOptions Options => _services.GetRequiredService<PupOptions>();

    public ProjectionRebuild Rebuild => _services.GetRequiredService<ProjectionRebuild>();

    public ProjectionRepartition Repartition => _services.GetRequiredService<ProjectionRepartition>();

    public IReadOnlyList<PartitionRunner> Runners => _runners;

    /// <summary>What it has logged, Information and above.</summary>
    public string Log => _log.Text;

    public static TestEngine Start(string connectionString, Action<PupOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddPupEngine(options =>
        {
            options.ConnectionString = connectionString;
            options.RetryDelay = TimeSpan.FromMilliseconds(5);
            options.MaxRetryDelay = TimeSpan.FromMilliseconds(200);
            options.SkipInterval = TimeSpan.FromMilliseconds(100);
            options.HaltedPollInterval = TimeSpan.FromMilliseconds(100);
            configure?.Invoke(options);
        });
        var log = new XunitLoggerProvider();
        services.AddLogging(logging => logging.AddProvider(log));
        var engine = new TestEngine(services.BuildServiceProvider(), log);
        engine._tasks.Add(engine._services.GetRequiredService<TailLoop>().RunAsync(engine._stopping.Token));
        engine._tasks.Add(engine.Engine.Skips.RunAsync(engine._stopping.Token));
        engine._tasks.Add(engine.Engine.Halted.RunAsync(engine._stopping.Token));
        return engine;
    }

    public ProjectionDefinition Define(Func<IProjection> create, int partitions = 1, Action<ProjectionOptions>? configure = null)
    {
        var options = new ProjectionOptions { Partitions = partitions };
        configure?.Invoke(options);
        return ProjectionDefinition.Of(create, Options, options);
    }

    /// <summary>Registers the projection and runs all its partitions.</summary>
    public async Task<IReadOnlyList<PartitionRunner>> RunAsync(Func<IProjection> create, int partitions = 1, Action<ProjectionOptions>? configure = null)
    {
        var definition = Define(create, partitions, configure);
        var generation = await Feed.GenerationAsync(_stopping.Token);
        await ProjectionRegistrar.RegisterAsync(generation.DataSource, definition, _stopping.Token);
        return [.. Enumerable.Range(0, partitions).Select(partition => Run(definition, partition))];
    }

    /// <summary>Runs all partitions that a registered projection has by now.</summary>
    public async Task<IReadOnlyList<PartitionRunner>> RunAllAsync(ProjectionDefinition definition)
    {
        var generation = await Feed.GenerationAsync(_stopping.Token);
        var status = await new ProjectionStateStore(generation.DataSource).FindAsync(definition.Name, _stopping.Token);
        return [.. Enumerable.Range(0, status!.Partitions).Select(partition => Run(definition, partition))];
    }

    /// <summary>Gives a registered projection another number of partitions; who runs them is the test's business.</summary>
    public async Task RepartitionAsync(ProjectionDefinition definition, int partitions) =>
        await Repartition.RunAsync(await Feed.GenerationAsync(_stopping.Token), definition, partitions, _stopping.Token);

    /// <summary>Makes a projection known without running it.</summary>
    public async Task RegisterAsync(ProjectionDefinition definition) =>
        await ProjectionRegistrar.RegisterAsync((await Feed.GenerationAsync(_stopping.Token)).DataSource, definition, _stopping.Token);

    /// <summary>Runs one partition of a registered projection.</summary>
    public PartitionRunner Run(ProjectionDefinition definition, int partition)
    {
        var runner = new PartitionRunner(Engine, definition, partition, _services.GetRequiredService<ProjectionRebuild>());
        _runners.Add(runner);
        _tasks.Add(Task.Run(() => runner.RunAsync(_stopping.Token)));
        return runner;
    }

    /// <summary>Waits until every runner has seen the log up to its end as it stands now.</summary>
    public async Task CaughtUpAsync(TestDatabase database, TimeSpan? timeout = null)
    {
        var target = await database.ScalarAsync<long>("select coalesce(max(global_position), 0) from events");
        await Eventually.TrueAsync(
            () => _runners.All(runner => runner.State is PartitionState.Left or PartitionState.Gone || runner.Position >= target),
            timeout ?? TimeSpan.FromSeconds(30),
            $"all partitions at {target}; they are at {string.Join(", ", _runners.Select(runner => $"{runner.Position} ({runner.State} {runner.Journal.Trouble})"))}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var task in _tasks)
        {
            try
            {
                await task;
            }
            catch (OperationCanceledException)
            {
            }
        }

        await _services.DisposeAsync();
        _stopping.Dispose();
    }
}
