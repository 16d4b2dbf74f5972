using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Client.Operations;
using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination;

/// <summary>
/// Gives a projection another number of partitions while it runs, in one transaction on its checkpoint rows. Nothing is drained: owners
/// of the old rows are fenced out, and the new rows say what of the log is applied already.
/// </summary>
internal sealed partial class ProjectionRepartition(
    PupOptions options, TimeProvider time, IEventFeed feed, ProjectionRebuild rebuild, ILogger<ProjectionRepartition> logger)
{
    /// <summary>Most partitions of a projection.</summary>
    public const int Limit = 10_000;

    private readonly ProjectionChange _change = new(options, time);

    /// <summary>As an operator orders it. Faults of the old partitions are forgotten with them: an event that nobody can apply will stop its new one.</summary>
    /// <returns>How many partitions there were.</returns>
    /// <exception cref="ProjectionRefusedException">A row was moved back; nothing was changed but that the projection stops.</exception>
    public async Task<int> RunAsync(Generation generation, ProjectionDefinition projection, int partitions, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, Limit);
        var result = await RunAsync(generation, projection, partitions, isConfigured: false, cancellationToken);
        return result.Problem is null ? result.Before : throw new ProjectionRefusedException($"{result.Problem} The number of partitions was not changed.");
    }

    /// <summary>As the configuration of all live silos that host the projection asks for it, if it does.</summary>
    /// <returns>How many partitions there were; null when they were left as they are.</returns>
    public async Task<int?> FollowAsync(
        Generation generation, ProjectionDefinition projection, IReadOnlyCollection<int> configured, CancellationToken cancellationToken)
    {
        if (await WantedAsync(generation, projection.Name, configured, cancellationToken) is not { } wanted)
            return null;
        var result = await RunAsync(generation, projection, wanted, isConfigured: true, cancellationToken);
        if (result.Problem is not null)
            LogPostponed(projection.Name, wanted, result.Problem);
        return result.Changed ? result.Before : null;
    }

    /// <returns>The number that the configuration asks for; null when there is nothing to do.</returns>
    public static async Task<int?> WantedAsync(Generation generation, string projection, IReadOnlyCollection<int> configured, CancellationToken cancellationToken) =>
        ConfiguredPartitions.Wanted(await HeededAsync(generation, projection, cancellationToken), configured);

    private async Task<Result> RunAsync(
        Generation generation, ProjectionDefinition projection, int partitions, bool isConfigured, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await _change.RunAsync(
                generation, projection, partitions, locked => ChangeAsync(locked, projection, partitions, isConfigured, cancellationToken), cancellationToken);
            if (!result.RowDeleted)
            {
                if (result.Changed)
                    LogDone(projection.Name, result.Before, partitions);
                if (result.Missing.Length > 0)
                    LogMissing(projection.Name, result.Missing);
                return result;
            }

            // As when its owner finds it: the operator asked for a rebuild, and new rows would hide that.
            await rebuild.RunAsync(generation, projection, feed.MarkOf(generation), cancellationToken);
        }
    }

    private static async Task<Result> ChangeAsync(
        LockedProjection locked, ProjectionDefinition projection, int partitions, bool isConfigured, CancellationToken cancellationToken)
    {
        var result = new Result(locked.Partitions);
        // Another silo was faster, and an operator may have ordered something else since.
        if (isConfigured && locked.ConfiguredPartitions == partitions)
            return result;
        if (isConfigured && await FaultAsync(locked, cancellationToken) is { } fault)
            return result with { Problem = fault };

        if (locked.Partitions != partitions)
        {
            if (projection.IsResettable && locked.Rows.Any(static row => row.Position is null))
                return result with { RowDeleted = true };
            if (await MovedBackRows.DeclareAsync(locked, cancellationToken) is { } movedBack)
                return result with { Problem = movedBack };
            await ReplaceAsync(locked, partitions, cancellationToken);
            result = result with { Changed = true, Missing = string.Join(", ", locked.Rows.Where(static row => row.Position is null).Select(static row => row.Name)) };
        }

        await StoreAsync(locked, partitions, isConfigured, cancellationToken);
        return result;
    }

    private const string HeededSql = "select configured_partitions from projections where name = $1";

    private static async Task<int> HeededAsync(Generation generation, string projection, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(HeededSql);
        command.Parameters.Add(new() { Value = projection });
        return (int)(await command.ExecuteScalarAsync(cancellationToken)
            ?? throw new ProjectionNotFoundException(projection));
    }

    // An operator who changes a number in a file has not looked at what stopped a partition; one who orders a repartition has.
    private const string FaultSql = """
        select fault from projection_partitions where projection_name = $1 and fault is not null order by partition limit 1
        """;

    private static async Task<string?> FaultAsync(LockedProjection locked, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FaultSql, locked.Connection) { Parameters = { new() { Value = locked.Name } } };
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private const string RemoveRowsSql = "delete from projection_checkpoints where projection_name = any($1)";

    private const string CreateRowsSql = """
        insert into projection_checkpoints (projection_name, last_global_position, epoch, applied)
        select name, $2, nextval('projection_epochs'), $3::jsonb from unnest($1::text[]) as name
        """;

    // Faults, takeovers and suspicions are those of partitions that are no more; what caused them will be met again.
    private const string ForgetPartitionsSql = "delete from projection_partitions where projection_name = $1";

    private static async Task ReplaceAsync(LockedProjection locked, int partitions, CancellationToken cancellationToken)
    {
        var start = Repartitioning.Start(locked.Rows);
        var names = Enumerable.Range(0, partitions).Select(index => CheckpointName.Of(locked.Name, index, partitions)).ToArray();
        var applied = start.Vectors.IsEmpty ? (object)DBNull.Value : start.ToJson();
        await using var batch = new NpgsqlBatch(locked.Connection)
        {
            BatchCommands =
            {
                new(RemoveRowsSql) { Parameters = { new() { Value = locked.Rows.Select(static row => row.Name).Union(names).ToArray() } } },
                new(CreateRowsSql)
                {
                    Parameters =
                    {
                        new() { Value = names },
                        new() { Value = start.Position },
                        new() { Value = applied, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
                    },
                },
                new(ForgetPartitionsSql) { Parameters = { new() { Value = locked.Name } } },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // The state stays what it is: a rebuild goes on to its target, a pause lasts.
    private const string StoreSql = """
        update projections set partitions = $2, configured_partitions = case when $3 then $2 else configured_partitions end, updated_at = now()
        where name = $1
        """;

    private static async Task StoreAsync(LockedProjection locked, int partitions, bool isConfigured, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(StoreSql, locked.Connection)
        {
            Parameters = { new() { Value = locked.Name }, new() { Value = partitions }, new() { Value = isConfigured } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Result(int Before)
    {
        public bool Changed { get; init; }

        public string? Problem { get; init; }

        public bool RowDeleted { get; init; }

        /// <summary>Rows that somebody had deleted of a projection that cannot be reset; empty when all were there.</summary>
        public string Missing { get; init; } = "";
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Projection} was repartitioned from {Before} to {Partitions} partitions")]
    private partial void LogDone(string projection, int before, int partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Projection}: checkpoint rows were deleted ({Rows}); the projection cannot be reset, so what was theirs is applied again from position 0 to its read model as it is")]
    private partial void LogMissing(string projection, string rows);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Projection} is configured with {Partitions} partitions, but a repartition must wait: {Reason}")]
    private partial void LogPostponed(string projection, int partitions, string reason);
}
