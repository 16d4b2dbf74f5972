using Microsoft.Extensions.DependencyInjection;
using Pup.Grains.Coordination;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Testing;

/// <summary>One silo's engine without the silo: the feed, and what all runs of a kit share.</summary>
internal sealed class KitEngine : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ServiceProvider _services;
    private readonly Task[] _loops;

    public KitEngine(string connectionString)
    {
        var services = new ServiceCollection();
        services.AddPupEngine(options =>
        {
            options.ConnectionString = connectionString;
            // Batches end where the test cuts them, and nowhere else.
            options.BatchSize = 100_000;
            options.BatchBytes = long.MaxValue;
            options.PageSpan = 1 << 20;
            options.IdleLookInterval = TimeSpan.FromMilliseconds(20);
            options.AuditInterval = TimeSpan.Zero;
            // What fails once fails the test, and says so with the event.
            options.ErrorPolicy = ErrorPolicy.Stop;
            options.MaxAttempts = 1;
        });
        _services = services.BuildServiceProvider();
        _loops = [Task.Run(() => _services.GetRequiredService<TailLoop>().RunAsync(_stop.Token)), Task.Run(() => Engine.Skips.RunAsync(_stop.Token))];
    }

    private Engine Engine => _services.GetRequiredService<Engine>();

    /// <summary>Makes the projection known to the database, and its read model with it.</summary>
    public async Task<KitRun> PrepareAsync(Func<IProjection> create, TimeSpan patience, CancellationToken cancellationToken)
    {
        var definition = ProjectionDefinition.Of(create, Engine.Options, new ProjectionOptions());
        var generation = await Engine.Feed.GenerationAsync(cancellationToken);
        await ProjectionRegistrar.RegisterAsync(generation.DataSource, definition, cancellationToken);
        var run = new KitRun(
            Engine, definition, _services.GetRequiredService<ProjectionRebuild>(), _services.GetRequiredService<ProjectionRepartition>(), patience);
        await run.SeeAllAsync(cancellationToken);
        return run;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var loop in _loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _services.DisposeAsync();
        _stop.Dispose();
    }
}
