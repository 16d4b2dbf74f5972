using Npgsql;

namespace Pup.Grains.Projections;

/// <summary>A transaction without a fence, for the hooks that run under the projection's own locks: preparing and resetting the read model.</summary>
internal sealed class DirectTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) : ProjectionTransaction
{
    private readonly List<NpgsqlBatchCommand> _queued = [];

    internal override int CurrentItem { get; set; } = -1;

    public override void Execute(string sql, params ReadOnlySpan<object?> args)
    {
        StatementGuard.Check(sql);
        Execute(StatementCommand.Of(sql, args));
    }

    internal override void Execute(NpgsqlBatchCommand command) => _queued.Add(command);

    public override async ValueTask<NpgsqlTransaction> OpenAsync(CancellationToken cancellationToken = default)
    {
        await FlushAsync(cancellationToken);
        return transaction;
    }

    internal override async ValueTask<NpgsqlDataReader> QueryAsync(NpgsqlBatchCommand query, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection, transaction) { BatchCommands = { query } };
        return await batch.ExecuteReaderAsync(cancellationToken);
    }

    /// <summary>Sends what is queued.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        // One at a time: a statement may need the table that the one before it creates, and a batch is parsed ahead.
        foreach (var command in _queued)
        {
            await using var batch = new NpgsqlBatch(connection, transaction) { BatchCommands = { command } };
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        _queued.Clear();
    }
}
