using Npgsql;
using Pup.Client;

namespace Pup.Grains.Coordination;

/// <summary>What operators want of a projection, persisted: it survives restarts of every silo.</summary>
internal sealed class ProjectionStateStore(NpgsqlDataSource dataSource)
{
    // New epochs fence running batches out at once; the locks are taken in the order that every operation keeps.
    private const string LockSql = "select 1 from projections where name = $1 for update";

    private const string LockRowsSql = """
        select 1 from projection_checkpoints
        where projection_name = $1 or projection_name = any(
            select $1 || '_p' || index from projections, generate_series(0, partitions - 1) as index where name = $1)
        order by projection_name for no key update
        """;

    private const string NewEpochsSql = """
        update projection_checkpoints set epoch = nextval('projection_epochs')
        where projection_name = $1 or projection_name = any(
            select $1 || '_p' || index from projections, generate_series(0, partitions - 1) as index where name = $1)
        """;

    private const string PauseSql = """
        update projections set state = 'paused', updated_at = now() where name = $1 and state in ('running', 'rebuilding')
        """;

    /// <summary>Stops all partitions after the batch in hand, until <see cref="ResumeAsync"/>.</summary>
    public Task PauseAsync(string projection, CancellationToken cancellationToken) =>
        RunAsync(projection, [LockSql, LockRowsSql, NewEpochsSql, PauseSql], cancellationToken);

    private const string ClearFaultsSql = "update projection_partitions set fault = null, fault_kind = null, faulted_at = null where projection_name = $1";

    private const string ResumeSql = """
        update projections set state = case when rebuild_target is null then 'running' else 'rebuilding' end, updated_at = now()
        where name = $1 and state = 'paused'
        """;

    /// <summary>Lets paused and faulted partitions run again.</summary>
    public Task ResumeAsync(string projection, CancellationToken cancellationToken) =>
        RunAsync(projection, [LockSql, ClearFaultsSql, ResumeSql], cancellationToken);

    /// <summary>Makes every partition start anew from its checkpoint.</summary>
    public Task RestartAsync(string projection, CancellationToken cancellationToken) =>
        RunAsync(projection, [LockSql, LockRowsSql, NewEpochsSql, ClearFaultsSql], cancellationToken);

    // The read model is a part of what it should be: nothing but a rebuild gets it out of this.
    private const string CancelSql = """
        update projections set state = 'needs_rebuild', state_reason = $2, rebuild_target = null, updated_at = now()
        where name = $1 and state in ('rebuilding', 'paused') and rebuild_target is not null
        """;

    /// <summary>Gives a rebuild up.</summary>
    /// <param name="projection">Name of the projection.</param>
    /// <param name="reason">What is said of it from then on.</param>
    /// <param name="cancellationToken">Stops waiting for locks.</param>
    /// <returns>False when there was none.</returns>
    public async Task<bool> CancelRebuildAsync(string projection, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, LockSql, projection, cancellationToken);
        await ExecuteAsync(connection, LockRowsSql, projection, cancellationToken);
        // It may have reached its target, and only nobody has noticed yet.
        await ExecuteAsync(connection, CompleteSql, projection, cancellationToken);
        await using var cancel = new NpgsqlCommand(CancelSql, connection) { Parameters = { new() { Value = projection }, new() { Value = reason } } };
        var isCancelled = await cancel.ExecuteNonQueryAsync(cancellationToken) > 0;
        if (isCancelled)
            await ExecuteAsync(connection, NewEpochsSql, projection, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return isCancelled;
    }

    // Every partition has passed the mark of the rebuild's start.
    private const string CompleteSql = """
        update projections p set state = 'running', rebuild_target = null, updated_at = now()
        where name = $1 and state = 'rebuilding' and rebuild_target <= (
            select min(c.last_global_position) from projection_checkpoints c
            where c.projection_name = p.name or c.projection_name = any(
                select p.name || '_p' || index from generate_series(0, p.partitions - 1) as index))
        """;

    private const string RebuildingSql = "select array(select name from projections where state = 'rebuilding')";

    /// <summary>Ends the rebuilds whose every partition has passed the mark of their start.</summary>
    /// <returns>Whether there were any rebuilds.</returns>
    public async Task<bool> CompleteRebuildsAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(RebuildingSql);
        var rebuilding = (string[])(await command.ExecuteScalarAsync(cancellationToken))!;
        // Locked ahead: an update that had to wait for the row would see the row anew, and the checkpoints as they were before the wait.
        foreach (var projection in rebuilding)
            await RunAsync(projection, [LockSql, CompleteSql], cancellationToken);
        return rebuilding.Length > 0;
    }

    private const string FindSql = """
        select p.state, p.state_reason, p.partitions, (select coalesce(max(global_position), 0) from events),
            array(select c.last_global_position
                from generate_series(0, p.partitions - 1) as index
                left join projection_checkpoints c
                    on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || index end
                order by index)
        from projections p where p.name = $1
        """;

    /// <returns>The projection as the database knows it, or null.</returns>
    public async Task<ProjectionStatus?> FindAsync(string projection, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = projection });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        return new ProjectionStatus
        {
            Projection = projection,
            State = reader.GetString(0).Replace('_', ' '),
            Reason = reader.IsDBNull(1) ? null : reader.GetString(1),
            Partitions = reader.GetInt32(2),
            LogPosition = reader.GetInt64(3),
            Positions = [.. reader.GetFieldValue<long?[]>(4)],
        };
    }

    private async Task RunAsync(string projection, string[] statements, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var statement in statements)
            await ExecuteAsync(connection, statement, projection, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement, string projection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection) { Parameters = { new() { Value = projection } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
