using System.Globalization;
using Npgsql;
using Pup.Client.Operations;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Checkpoints;

/// <summary>
/// Changes the checkpoint rows of a projection in one transaction. The projections row is locked first, then the checkpoint rows in the
/// order of their names, and only then is anything read: a batch that was under way has moved its row by then.
/// </summary>
internal sealed class ProjectionChange(PupOptions options, TimeProvider time)
{
    private const int Attempts = 100;

    /// <param name="generation">The living generation.</param>
    /// <param name="projection">The projection as deployed.</param>
    /// <param name="partitions">Rows of so many partitions are locked even if there are fewer partitions now.</param>
    /// <param name="change">What to do; it is committed when it returns.</param>
    /// <param name="cancellationToken">Stops waiting for locks.</param>
    /// <exception cref="ProjectionNotFoundException">There is no such projection.</exception>
    public async Task<T> RunAsync<T>(
        Generation generation, ProjectionDefinition projection, int partitions, Func<LockedProjection, Task<T>> change, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(generation, projection, partitions, change, cancellationToken);
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                // Between two attempts the partitions that were not in the way go on.
                await Task.Delay(Backoff.Delay(attempt, options.RetryDelay, TimeSpan.FromSeconds(1), Random.Shared.NextDouble()), time, cancellationToken);
            }
        }
    }

    private async Task<T> TryAsync<T>(
        Generation generation, ProjectionDefinition projection, int partitions, Func<LockedProjection, Task<T>> change, CancellationToken cancellationToken)
    {
        await using var connection = await generation.DataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var locking = LockAsync(connection, generation, projection.Name, partitions, cancellationToken);
        try
        {
            await EndBlockersAsync(locking, generation, connection.ProcessID, projection.HandlerTimeout, cancellationToken);
        }
        finally
        {
            // Whatever happened, the connection must be at rest before it is returned.
            await Task.WhenAny(locking);
        }

        var result = await change(await locking);
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }

    // One frozen silo after the other: each may hold the row of another partition.
    private async Task EndBlockersAsync(Task locking, Generation generation, int pid, TimeSpan handlerTimeout, CancellationToken cancellationToken)
    {
        while (!locking.IsCompleted)
        {
            try
            {
                await locking.WaitAsync(options.OwnershipLockTimeout, time, cancellationToken);
            }
            catch (TimeoutException) when (!locking.IsCompleted)
            {
                await BlockerTermination.RunAsync(generation, pid, handlerTimeout, cancellationToken);
            }
        }
    }

    private async Task<LockedProjection> LockAsync(
        NpgsqlConnection connection, Generation generation, string projection, int partitions, CancellationToken cancellationToken)
    {
        await PrepareAsync(connection, generation, cancellationToken);
        var (count, configured) = await LockProjectionAsync(connection, projection, cancellationToken);
        await LockRowsAsync(connection, [.. Names(projection, count).Union(Names(projection, partitions))], cancellationToken);
        return new LockedProjection(connection, projection, count, configured, await ReadRowsAsync(connection, [.. Names(projection, count)], cancellationToken));
    }

    private static IEnumerable<string> Names(string projection, int partitions) =>
        Enumerable.Range(0, partitions).Select(index => CheckpointName.Of(projection, index, partitions));

    private const string PrepareSql = "select set_config('lock_timeout', $1, true), 1 / (not pg_try_advisory_xact_lock_shared($2))::int";

    private async Task PrepareAsync(NpgsqlConnection connection, Generation generation, CancellationToken cancellationToken)
    {
        var lockTimeout = ((long)(5 * options.OwnershipLockTimeout.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
        await using var command = new NpgsqlCommand(PrepareSql, connection) { Parameters = { new() { Value = lockTimeout }, new() { Value = generation.Key } } };
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.DivisionByZero)
        {
            throw new GenerationEndedException(generation.Number);
        }
    }

    private const string LockProjectionSql = "select partitions, configured_partitions from projections where name = $1 for update";

    private static async Task<(int Partitions, int Configured)> LockProjectionAsync(NpgsqlConnection connection, string projection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockProjectionSql, connection) { Parameters = { new() { Value = projection } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new ProjectionNotFoundException(projection);
        return (reader.GetInt32(0), reader.GetInt32(1));
    }

    private const string LockRowsSql = """
        select 1 from projection_checkpoints where projection_name = any($1) order by projection_name for update
        """;

    private static async Task LockRowsAsync(NpgsqlConnection connection, string[] names, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockRowsSql, connection) { Parameters = { new() { Value = names } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string ReadRowsSql = """
        select wanted.name, c.last_global_position, c.applied::text
        from unnest($1::text[]) with ordinality as wanted (name, index) left join projection_checkpoints c on c.projection_name = wanted.name
        order by wanted.index
        """;

    private static async Task<List<PartitionRow>> ReadRowsAsync(NpgsqlConnection connection, string[] names, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ReadRowsSql, connection) { Parameters = { new() { Value = names } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<PartitionRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new PartitionRow(
                reader.GetString(0),
                reader.IsDBNull(1) ? null : reader.GetInt64(1),
                AppliedColumn.Parse(reader.IsDBNull(2) ? null : reader.GetString(2))));
        }

        return rows;
    }
}
