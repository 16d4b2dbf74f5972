using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Coordination.Placement;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Grains.Schema;
using Pup.Grains.Telemetry;

namespace Pup.Grains.Coordination;

/// <summary>
/// Runs what a silo has one of: the tail loop and the writer of skip-only progress. Before the first look it sees to the schema and
/// registers the projections, so no partition can start without either.
/// </summary>
internal sealed partial class EngineService(
    Engine engine, TailLoop tail, ProjectionRegistry projections, ProgressReader progress, ILogger<EngineService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await PrepareAsync(stoppingToken);
            // None of them ends by itself; when one fails, the others must not go on as if nothing had happened.
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            Task[] parts = [tail.RunAsync(stopping.Token), engine.Skips.RunAsync(stopping.Token), engine.Halted.RunAsync(stopping.Token), progress.RunAsync(stopping.Token)];
            await Task.WhenAny(parts);
            await stopping.CancelAsync();
            await Task.WhenAll(parts);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    // A server that is not there yet is waited for; anything else wrong here is for an operator, and ends the process.
    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var dataSource = PupConnectionString.CreateDataSource(PupConnectionString.Pool(engine.Options));
                await PrepareAsync(dataSource, cancellationToken);
                return;
            }
            catch (Exception exception) when (FailureClassifier.Classify(exception) == FailureKind.Transient)
            {
                var delay = Backoff.Delay(attempt, engine.Options.RetryDelay, engine.Options.MaxRetryDelay, Random.Shared.NextDouble());
                LogWaiting(exception.Message, delay.TotalSeconds);
                await Task.Delay(delay, engine.Time, cancellationToken);
            }
        }
    }

    private async Task PrepareAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        var migrator = new SchemaMigrator(dataSource);
        if (engine.Options.AutoMigrate)
            await migrator.MigrateAsync(cancellationToken);
        else if (await migrator.VerifyAsync(cancellationToken) is { Count: > 0 } missing)
            throw new SchemaException(string.Join(Environment.NewLine, missing));
        foreach (var projection in projections.All)
            await ProjectionRegistrar.RegisterAsync(dataSource, projection, cancellationToken);
        await new PlacementStore(dataSource).AnnounceAsync(engine.Silo!.Name, projections.All, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is not available ({Reason}); trying again in {Seconds:0.0} s")]
    private partial void LogWaiting(string reason, double seconds);
}
