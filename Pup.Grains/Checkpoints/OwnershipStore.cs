using Npgsql;
using NpgsqlTypes;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Checkpoints;

/// <summary>
/// Takes ownership of a partition in one transaction: the projections row is locked first, then the checkpoint row, then both
/// are read, then a new epoch is set. Every operation on a projection locks in this order, so none can deadlock another.
/// </summary>
internal sealed class OwnershipStore(PupOptions options, TimeProvider time, string? silo)
{
    private long _tried;

    /// <param name="generation">The living generation.</param>
    /// <param name="projection">The projection as deployed.</param>
    /// <param name="partition">Index of the partition.</param>
    /// <param name="lastEpoch">The epoch this runner had before, 0 if none: a takeover from oneself tells of no death.</param>
    /// <param name="mayTake">Whether it may take the partition from whoever has had it since.</param>
    /// <param name="cancellationToken">Stops waiting for locks.</param>
    public async Task<OwnershipResult> OwnAsync(
        Generation generation, ProjectionDefinition projection, int partition, long lastEpoch, bool mayTake, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await TryOwnAsync(generation, projection, partition, lastEpoch, mayTake, cancellationToken);
            if (result is not OwnershipResult.MovedBack)
                return result;
            // The projection is halted then, or somebody has put the row right or rebuilt meanwhile: the next attempt tells.
            await new ProjectionChange(options, time).RunAsync(
                generation, projection, 0, locked => MovedBackRows.DeclareAsync(locked, cancellationToken), cancellationToken);
        }
    }

    private async Task<OwnershipResult> TryOwnAsync(
        Generation generation, ProjectionDefinition projection, int partition, long lastEpoch, bool mayTake, CancellationToken cancellationToken)
    {
        await using var connection = await generation.DataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var own = OwnAsync(connection, generation, projection, partition, lastEpoch, mayTake, cancellationToken);
        try
        {
            await own.WaitAsync(options.OwnershipLockTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            await BlockerTermination.RunAsync(generation, connection.ProcessID, projection.HandlerTimeout, cancellationToken);
        }
        finally
        {
            // Whatever happened, the connection must be at rest before it is returned.
            await Task.WhenAny(own);
        }

        var result = await own;
        if (result is OwnershipResult.Taken taken)
        {
            // Should the answer be lost, it must not take itself for somebody else.
            _tried = taken.Ownership.Epoch;
            await transaction.CommitAsync(CancellationToken.None);
        }

        return result;
    }

    private async Task<OwnershipResult> OwnAsync(
        NpgsqlConnection connection, Generation generation, ProjectionDefinition projection, int partition, long lastEpoch, bool mayTake, CancellationToken cancellationToken)
    {
        var (partitions, state, reason) = await LockProjectionAsync(connection, projection.Name, cancellationToken);
        if (partition >= partitions)
            return new OwnershipResult.NoSuchPartition(partitions);
        if (state is not ("running" or "rebuilding"))
            return new OwnershipResult.Halted(state, reason);

        var row = CheckpointName.Of(projection.Name, partition, partitions);
        var isNew = !await LockRowAsync(connection, generation, row, cancellationToken);
        if (isNew)
        {
            if (projection.IsResettable)
                return new OwnershipResult.RowDeleted();
            await CreateRowAsync(connection, row, cancellationToken);
        }

        var (epoch, position, formerEpoch, applied) = await SetEpochAsync(connection, row, cancellationToken);
        if (formerEpoch > Math.Max(lastEpoch, _tried) && !mayTake)
            return new OwnershipResult.TakenByAnother();
        // A row that Pup never owned has no epoch. It is new, or somebody put it in the place of one that was deleted.
        var tracked = applied is not null || formerEpoch == 0;
        if (tracked && await AnyVectorAsync(connection, projection.Name, partitions, cancellationToken))
        {
            if (new PartitionRow(row, position, applied).IsMovedBack)
                return new OwnershipResult.MovedBack();
        }
        else if (applied is not null)
        {
            await ForgetAppliedAsync(connection, row, cancellationToken);
            applied = null;
        }

        var rest = await ReadRestAsync(connection, silo, projection.Name, row, partition, partitions, epoch, position, formerEpoch == lastEpoch, cancellationToken);
        return rest is OwnershipResult.Taken taken ? new OwnershipResult.Taken(taken.Ownership with { Applied = applied?.At(position), IsRowNew = isNew }) : rest;
    }

    private const string LockProjectionSql = """
        select partitions, state, state_reason from projections where name = $1 for share
        """;

    private async Task<(int Partitions, string State, string? Reason)> LockProjectionAsync(
        NpgsqlConnection connection, string projection, CancellationToken cancellationToken)
    {
        var lockTimeout = $"{(long)(5 * options.OwnershipLockTimeout.TotalMilliseconds)}";
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("select set_config('lock_timeout', $1, true)") { Parameters = { new() { Value = lockTimeout } } },
                new(LockProjectionSql) { Parameters = { new() { Value = projection } } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.GetInt32(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2))
            : (0, "", null);
    }

    private const string LockRowSql = """
        select 1 / (not pg_try_advisory_xact_lock_shared($2))::int
        from projection_checkpoints where projection_name = $1 for no key update
        """;

    private static async Task<bool> LockRowAsync(NpgsqlConnection connection, Generation generation, string row, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockRowSql, connection) { Parameters = { new() { Value = row }, new() { Value = generation.Key } } };
        try
        {
            return await command.ExecuteScalarAsync(cancellationToken) is not null;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.DivisionByZero)
        {
            throw new GenerationEndedException(generation.Number);
        }
    }

    private const string CreateRowSql = "insert into projection_checkpoints (projection_name) values ($1)";

    private static async Task CreateRowAsync(NpgsqlConnection connection, string row, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CreateRowSql, connection) { Parameters = { new() { Value = row } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string SetEpochSql = """
        update projection_checkpoints c set epoch = nextval('projection_epochs'), updated_at = now()
        from projection_checkpoints former
        where c.projection_name = $1 and former.projection_name = c.projection_name
        returning c.epoch, c.last_global_position, former.epoch, c.applied::text
        """;

    private static async Task<(long Epoch, long Position, long FormerEpoch, AppliedColumn? Applied)> SetEpochAsync(NpgsqlConnection connection, string row, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SetEpochSql, connection) { Parameters = { new() { Value = row } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), AppliedColumn.Parse(reader.IsDBNull(3) ? null : reader.GetString(3)));
    }

    // Only a repartition brings vectors, and it waits for the lock on the projections row: once there are none, there will be none.
    private const string AnyVectorSql = """
        select exists (
            select from projection_checkpoints
            where applied ? 'vectors' and (projection_name = $1 or projection_name = any(
                select $1 || '_p' || index from generate_series(0, $2 - 1) as index)))
        """;

    private static async Task<bool> AnyVectorAsync(NpgsqlConnection connection, string projection, int partitions, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(AnyVectorSql, connection) { Parameters = { new() { Value = projection }, new() { Value = partitions } } };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string ForgetAppliedSql = "update projection_checkpoints set applied = null where projection_name = $1";

    private static async Task ForgetAppliedAsync(NpgsqlConnection connection, string row, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ForgetAppliedSql, connection) { Parameters = { new() { Value = row } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string CountSql = "select partitions from projections where name = $1";

    /// <summary>How many partitions the projection has now; 0 when there is no such projection.</summary>
    public static async Task<int> CountPartitionsAsync(Generation generation, string projection, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(CountSql);
        command.Parameters.Add(new() { Value = projection });
        return (int?)await command.ExecuteScalarAsync(cancellationToken) ?? 0;
    }

    private const string TakeoverSql = """
        insert into projection_partitions as p (projection_name, partition, takeover_position, takeovers, silo)
        values ($1, $2, $3, 1, $5)
        on conflict (projection_name, partition) do update set
            takeovers = case when p.takeover_position <> excluded.takeover_position then 1 when $4 then p.takeovers else p.takeovers + 1 end,
            takeover_position = excluded.takeover_position,
            silo = excluded.silo,
            trouble = null
        returning fault, takeovers, suspect_position, suspect_attempts
        """;

    private const string LeftInOrderSql = """
        update projection_partitions set takeovers = 0
        where projection_name = $1 and partition = $2
            and exists (select 1 from projection_checkpoints where projection_name = $3 and epoch = $4)
        """;

    /// <summary>Notes that this owner stopped of its own accord: a restart of an idle partition is no takeover without progress.</summary>
    public static async Task LeaveAsync(Generation generation, string projection, Ownership ownership, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(LeftInOrderSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = ownership.Partition });
        command.Parameters.Add(new() { Value = ownership.Row });
        command.Parameters.Add(new() { Value = ownership.Epoch });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string ParkedKeysSql = """
        select ordering_key from projection_dead_letters
        where projection_name = $1 and key_hash % $2 = $3 and status <> 'skipped'
        group by ordering_key
        """;

    private static async Task<OwnershipResult> ReadRestAsync(
        NpgsqlConnection connection, string? silo, string projection, string row, int partition, int partitions, long epoch, long position, bool survived,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(TakeoverSql)
                {
                    Parameters =
                    {
                        new() { Value = projection },
                        new() { Value = partition },
                        new() { Value = position },
                        new() { Value = survived },
                        new() { Value = (object?)silo ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                    },
                },
                new(ParkedKeysSql) { Parameters = { new() { Value = projection }, new() { Value = partitions }, new() { Value = partition } } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!reader.IsDBNull(0))
            return new OwnershipResult.Faulted(reader.GetString(0));
        var takeovers = reader.GetInt32(1);
        long? suspect = reader.IsDBNull(2) ? null : reader.GetInt64(2);
        var suspectAttempts = reader.GetInt32(3);

        await reader.NextResultAsync(cancellationToken);
        var parked = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
            parked.Add(reader.GetString(0));
        return new OwnershipResult.Taken(new Ownership(row, partition, partitions, epoch, position, parked, takeovers, suspect, suspectAttempts));
    }
}
