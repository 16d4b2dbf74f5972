using Npgsql;
using Pup.Client.Operations;
using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination;

/// <summary>
/// Rebuilds a read model in place, in one transaction on the checkpoint rows: new epochs fence every running batch out, positions go
/// to 0 and the read model is emptied together, or none of it happens.
/// </summary>
internal sealed class ProjectionRebuild(PupOptions options, TimeProvider time)
{
    // How often it is looked who is in the way: more often than an attempt to empty the read model takes.
    private static readonly TimeSpan _lookInterval = TimeSpan.FromMilliseconds(50);

    /// <param name="generation">The living generation.</param>
    /// <param name="definition">The projection as deployed; its signatures become the read model's.</param>
    /// <param name="target">The mark now: the rebuild is done when every partition has passed it.</param>
    /// <param name="cancellationToken">Stops waiting for locks.</param>
    /// <exception cref="ProjectionRefusedException">The projection cannot be reset, or somebody holds a lock for longer than its batches may.</exception>
    public async Task RunAsync(Generation generation, ProjectionDefinition definition, long target, CancellationToken cancellationToken)
    {
        if (!definition.IsResettable)
        {
            throw new ProjectionRefusedException(
                $"Projection '{definition.Name}' cannot be rebuilt: it does not implement {nameof(IResettableProjection)}. Nothing was changed.");
        }

        // As long as a batch that was begun may take: whoever is in the way still is no batch that comes to its end.
        var limit = definition.HandlerTimeout + options.HandlerGrace;
        var started = time.GetTimestamp();
        string? blocker = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await TryAsync(generation, definition, target, found => blocker = found, cancellationToken);
                return;
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                if (time.GetElapsedTime(started) >= limit)
                {
                    throw new ProjectionRefusedException(
                        $"The rebuild of '{definition.Name}' could not begin within {limit.TotalSeconds:0} s: {blocker ?? "somebody"} holds a lock that it needs. "
                        + "Nothing was changed. End that transaction, then try again.");
                }

                await Task.Delay(Backoff.Delay(attempt, options.RetryDelay, TimeSpan.FromSeconds(1), Random.Shared.NextDouble()), time, cancellationToken);
            }
        }
    }

    private async Task TryAsync(Generation generation, ProjectionDefinition definition, long target, Action<string> blocked, CancellationToken cancellationToken)
    {
        await using var connection = await generation.DataSource.OpenConnectionAsync(cancellationToken);
        var changing = ChangeAsync(connection, definition, target, cancellationToken);
        try
        {
            while (await Task.WhenAny(changing, Task.Delay(_lookInterval, time, cancellationToken)) != changing)
            {
                if (await Blockers.FindAsync(generation, connection.ProcessID, cancellationToken) is { } found)
                    blocked(found);
            }
        }
        catch (NpgsqlException)
        {
            // Who is in the way could not be found out; the change itself goes on.
        }
        finally
        {
            // Whatever happened, the connection must be at rest before it is returned.
            await Task.WhenAny(changing);
        }

        await changing;
    }

    private async Task ChangeAsync(NpgsqlConnection connection, ProjectionDefinition definition, long target, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await SetLockTimeoutAsync(connection, options.OwnershipLockTimeout, cancellationToken);
        var (partitions, readModelVersion) = await LockAsync(connection, definition.Name, cancellationToken);
        var rows = Enumerable.Range(0, partitions).Select(index => CheckpointName.Of(definition.Name, index, partitions)).ToArray();
        await RestartRowsAsync(connection, definition, rows, target, cancellationToken);

        // A truncate that waits stalls every reader behind it: better to give up soon and come again.
        await SetLockTimeoutAsync(connection, TimeSpan.FromMilliseconds(200), cancellationToken);
        var projection = definition.Create();
        await ReadModelHooks.PrepareAsync(projection, readModelVersion, connection, transaction, cancellationToken);
        await ReadModelHooks.ResetAsync((IResettableProjection)projection, connection, transaction, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private static async Task SetLockTimeoutAsync(NpgsqlConnection connection, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select set_config('lock_timeout', $1, true)", connection)
        {
            Parameters = { new() { Value = $"{(long)timeout.TotalMilliseconds}" } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string LockSql = "select partitions, read_model_version from projections where name = $1 for update";

    private static async Task<(int Partitions, int ReadModelVersion)> LockAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockSql, connection) { Parameters = { new() { Value = name } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new ProjectionNotFoundException(name);
        return (reader.GetInt32(0), reader.GetInt32(1));
    }

    private const string LockRowsSql = """
        select 1 from projection_checkpoints where projection_name = any($1) order by projection_name for no key update
        """;

    private const string RestartRowsSql = """
        insert into projection_checkpoints as c (projection_name, epoch)
        select name, nextval('projection_epochs') from unnest($1::text[]) as name
        on conflict (projection_name) do update set
            last_global_position = 0, applied = null, epoch = excluded.epoch, updated_at = now()
        """;

    private const string ForgetDeadLettersSql = "delete from projection_dead_letters where projection_name = $1";

    private const string ForgetPartitionsSql = "delete from projection_partitions where projection_name = $1";

    private const string StateSql = """
        update projections set state = 'rebuilding', state_reason = null, rebuild_started_at = now(), rebuild_target = $2,
            key_signature = $3, scope_signature = $4, read_model_version = $5, updated_at = now()
        where name = $1
        """;

    private static async Task RestartRowsAsync(
        NpgsqlConnection connection, ProjectionDefinition definition, string[] rows, long target, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(LockRowsSql) { Parameters = { new() { Value = rows } } },
                new(RestartRowsSql) { Parameters = { new() { Value = rows } } },
                new(ForgetDeadLettersSql) { Parameters = { new() { Value = definition.Name } } },
                new(ForgetPartitionsSql) { Parameters = { new() { Value = definition.Name } } },
                new(StateSql)
                {
                    Parameters =
                    {
                        new() { Value = definition.Name },
                        new() { Value = target },
                        new() { Value = definition.KeySignature },
                        new() { Value = definition.Scope.Signature },
                        new() { Value = definition.ReadModelVersion },
                    },
                },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
