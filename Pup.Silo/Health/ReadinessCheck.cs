using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Pup.Silo.Health;

/// <summary>
/// Whether the silo has joined its cluster and reaches the database. Never by lag: a silo that is taken out of service for being behind
/// leaves the others further behind. What is wrong is said without host, user or password.
/// </summary>
internal sealed class ReadinessCheck(
    ISiloStatusOracle silos, IHostApplicationLifetime application, IOptions<AdoNetClusteringSiloOptions> clustering) : IHealthCheck
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (application.ApplicationStopping.IsCancellationRequested)
            return new(context.Registration.FailureStatus, "The application is stopping.");
        if (silos.CurrentStatus != SiloStatus.Active)
            return new(context.Registration.FailureStatus, $"The silo is not in its cluster: {silos.CurrentStatus}.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_patience);
        try
        {
            await AskAsync(limit.Token);
            return HealthCheckResult.Healthy();
        }
        catch (PostgresException e)
        {
            return new(context.Registration.FailureStatus, $"The database refuses ({e.SqlState}).");
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new(context.Registration.FailureStatus, "The database cannot be reached.");
        }
    }

    // On a connection of membership's pool: it has no other without which the silo is not in its cluster, and workers never exhaust it.
    private async Task AskAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(clustering.Value.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("select 1", connection);
        await command.ExecuteScalarAsync(cancellationToken);
    }
}
