using Microsoft.Extensions.Options;
using Pup.Client;
using Pup.Client.Connections;
using Pup.Client.Operations.Status;
using Pup.Grains;
using Pup.Grains.Coordination;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Grains.Schema;
using Pup.Silo.Configuration;

namespace Pup.Silo.Commands.Operations;

/// <summary>The engine without a silo: all partitions of one projection in this process, until they have applied the log as it stood.</summary>
internal sealed class OneOffCatchUp : IAsyncDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly ServiceProvider _services;
    private readonly string _projection;
    private readonly List<Task> _running = [];
    private readonly List<PartitionRunner> _runners = [];

    private OneOffCatchUp(ServiceProvider services, string projection) => (_services, _projection) = (services, projection);

    /// <returns>Null where a living silo hosts the projection, or this program does not have it.</returns>
    public static async Task<OneOffCatchUp?> FindAsync(
        Operation operation, SiloConfiguration configuration, Action<PupBuilder> configure, string projection, CancellationToken cancellationToken)
    {
        var options = operation.Services.GetRequiredService<IOptions<PupClientOptions>>().Value;
        var database = operation.Services.GetRequiredService<ClientDatabase>();
        var status = new StatusReader(database, new MembershipReader(database, options.ClusterId, options.SiloTimeout));
        var snapshot = await status.ReadAsync(projection, patient: false, cancellationToken);
        if (snapshot.Cluster.IsHosted(projection) is true)
            return null;
        var once = new OneOffCatchUp(Services(configuration, configure), projection);
        if (once.Definition is not null)
            return once;
        await once.DisposeAsync();
        return null;
    }

    private ProjectionDefinition? Definition => _services.GetRequiredService<ProjectionRegistry>().Find(_projection);

    /// <summary>Runs the projection until every checkpoint has reached the end that the log had at the start.</summary>
    /// <exception cref="StartupException">A partition stopped.</exception>
    public async Task<long> RunAsync(Action<double, string> report, CancellationToken cancellationToken)
    {
        var engine = _services.GetRequiredService<Engine>();
        await PrepareAsync(engine.Options, cancellationToken);
        Start(_services.GetRequiredService<TailLoop>().RunAsync);
        Start(engine.Skips.RunAsync);
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        await ProjectionRegistrar.RegisterAsync(generation.DataSource, Definition!, cancellationToken);
        var status = await ReadAsync(engine, cancellationToken);
        var goal = status.LogPosition;
        foreach (var partition in Enumerable.Range(0, status.Partitions))
        {
            var runner = new PartitionRunner(engine, Definition!, partition, _services.GetRequiredService<ProjectionRebuild>());
            _runners.Add(runner);
            Start(runner.RunAsync);
        }

        for (; status.Positions.Any(position => (position ?? 0) < goal); status = await ReadAsync(engine, cancellationToken))
        {
            Demand(status.Reason);
            report(goal == 0 ? 1 : status.Positions.Average(position => (double)(position ?? 0)) / goal, $"{ReportText.Number(status.Lag)} behind");
            await Task.Delay(_pause, cancellationToken);
        }

        await new ProjectionStateStore((await engine.Feed.GenerationAsync(cancellationToken)).DataSource).CompleteRebuildsAsync(cancellationToken);
        return goal;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var task in _running)
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _services.DisposeAsync();
        _stop.Dispose();
    }

    private static ServiceProvider Services(SiloConfiguration configuration, Action<PupBuilder> configure)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => Hosting.SiloLogging.Configure(logging, configuration with { LogLevel = Max(configuration.LogLevel, LogLevel.Error) }));
        configure(services.AddPupEngine(options =>
        {
            configuration.CopyTo(options);
            // It waits for what was only skipped to be written, too.
            options.SkipInterval = TimeSpan.FromMilliseconds(100);
        }));
        return services.BuildServiceProvider();
    }

    private static LogLevel Max(LogLevel a, LogLevel b) => a > b ? a : b;

    private static async Task PrepareAsync(PupOptions options, CancellationToken cancellationToken)
    {
        await using var dataSource = PupConnectionString.CreateDataSource(PupConnectionString.DedicatedSession(options));
        var migrator = new SchemaMigrator(dataSource);
        if (options.AutoMigrate)
            await migrator.MigrateAsync(cancellationToken);
        else if (await migrator.VerifyAsync(cancellationToken) is { Count: > 0 } missing)
            throw new StartupException(string.Join(" ", missing));
    }

    private async Task<ProjectionStatus> ReadAsync(Engine engine, CancellationToken cancellationToken)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        return await new ProjectionStateStore(generation.DataSource).FindAsync(_projection, cancellationToken)
            ?? throw new StartupException($"Projection '{_projection}' was deleted.");
    }

    private void Demand(string? reason)
    {
        if (_services.GetRequiredService<EventFeed>().Status is { Problem: FeedProblem.LogWentBack or FeedProblem.IncompleteLook, ProblemText: { } problem })
            throw new StartupException(problem);
        if (_runners.Find(static runner => runner.State is PartitionState.Faulted or PartitionState.Halted) is { } stopped)
            throw new StartupException(stopped.Journal.Trouble ?? reason ?? $"Projection '{_projection}' does not run.");
        if (_runners.Exists(static runner => runner.State is PartitionState.Left or PartitionState.Gone))
            throw new StartupException($"Somebody else runs projection '{_projection}' now. Run `pup catch-up {_projection}` again to wait for it.");
    }

    private void Start(Func<CancellationToken, Task> run) => _running.Add(Task.Run(() => run(_stop.Token)));
}
