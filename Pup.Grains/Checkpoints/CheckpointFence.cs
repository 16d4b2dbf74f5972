using Npgsql;
using NpgsqlTypes;

namespace Pup.Grains.Checkpoints;

/// <summary>
/// The first and the last command of every batch. Both <em>raise</em> (division by zero) when they do not hold: an update
/// that quietly hit no row would let the handler's commands run, take locks and fail with errors of their own that hide the
/// lost fence.
/// </summary>
/// <param name="Row">Name of the checkpoint row.</param>
/// <param name="Epoch">The epoch this owner took.</param>
/// <param name="Position">The position the row must still have.</param>
/// <param name="GenerationKey">The advisory-lock key that the look session must still hold.</param>
internal sealed record CheckpointFence(string Row, long Epoch, long Position, long GenerationKey)
{
    /// <summary>What stands in the row's column <c>applied</c>; null as long as nothing need stand there.</summary>
    public AppliedColumn? Applied { get; init; }

    private const string FenceSql = """
        with f as (
            select 1 from projection_checkpoints
            where projection_name = $1 and epoch = $2 and last_global_position = $3
            for no key update)
        select 1 / count(*), 1 / (not pg_try_advisory_xact_lock_shared($4))::int from f
        """;

    // xmax names the transaction that locked the row: if it is not this one, the handler ended the transaction that the
    // fence opened, and whatever ran since is not covered by it.
    private const string MoveSql = """
        with m as (
            update projection_checkpoints set last_global_position = $4, updated_at = now()
            where projection_name = $1 and epoch = $2 and last_global_position = $3
                and xmax = pg_current_xact_id_if_assigned()::xid
            returning 1)
        select 1 / count(*) from m
        """;

    // As above while a repartition is being worked off.
    private const string MoveAndNoteSql = """
        with m as (
            update projection_checkpoints set last_global_position = $4, applied = $5, updated_at = now()
            where projection_name = $1 and epoch = $2 and last_global_position = $3
                and xmax = pg_current_xact_id_if_assigned()::xid
            returning 1)
        select 1 / count(*) from m
        """;

    public NpgsqlBatchCommand Lock() => new(FenceSql)
    {
        Parameters =
        {
            new() { Value = Row, NpgsqlDbType = NpgsqlDbType.Text },
            new NpgsqlParameter<long> { TypedValue = Epoch },
            new NpgsqlParameter<long> { TypedValue = Position },
            new NpgsqlParameter<long> { TypedValue = GenerationKey },
        },
    };

    public NpgsqlBatchCommand MoveTo(long position)
    {
        var move = new NpgsqlBatchCommand(Applied is null ? MoveSql : MoveAndNoteSql)
        {
            Parameters =
            {
                new() { Value = Row, NpgsqlDbType = NpgsqlDbType.Text },
                new NpgsqlParameter<long> { TypedValue = Epoch },
                new NpgsqlParameter<long> { TypedValue = Position },
                new NpgsqlParameter<long> { TypedValue = position },
            },
        };
        if (Applied is not null)
            move.Parameters.Add(new() { Value = Applied.At(position).ToJson(), NpgsqlDbType = NpgsqlDbType.Jsonb });
        return move;
    }
}
