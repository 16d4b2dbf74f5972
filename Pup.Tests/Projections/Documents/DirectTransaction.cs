using Npgsql;
using Pup.Grains.Projections;

namespace Pup.Tests.Projections.Documents;

/// <summary>A batch's transaction without fence and checkpoint, for tests of what projections send. Commands run when the engine's would.</summary>
internal sealed class DirectTransaction(NpgsqlTransaction transaction) : ProjectionTransaction, IAsyncDisposable
{
    private readonly List<(NpgsqlBatchCommand Command, int Item)> _queued = [];

    /// <summary>Every command that went to the server, with the item it was queued for.</summary>
    public List<(string Sql, int Item)> Sent { get; } = [];

    internal override int CurrentItem { get; set; } = -1;

    public static async Task<DirectTransaction> BeginAsync(NpgsqlDataSource dataSource)
    {
        var connection = await dataSource.OpenConnectionAsync();
        return new DirectTransaction(await connection.BeginTransactionAsync());
    }

    public override void Execute(string sql, params ReadOnlySpan<object?> args)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var arg in args)
            command.Parameters.Add(new NpgsqlParameter { Value = arg ?? DBNull.Value });
        Execute(command);
    }

    public override async ValueTask<NpgsqlTransaction> OpenAsync(CancellationToken cancellationToken = default)
    {
        await SendAsync(cancellationToken);
        return transaction;
    }

    internal override void Execute(NpgsqlBatchCommand command) => _queued.Add((command, CurrentItem));

    internal override async ValueTask<NpgsqlDataReader> QueryAsync(NpgsqlBatchCommand query, CancellationToken cancellationToken)
    {
        await SendAsync(cancellationToken);
        Sent.Add((query.CommandText, CurrentItem));
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction) { BatchCommands = { query } };
        return await batch.ExecuteReaderAsync(cancellationToken);
    }

    public async Task CommitAsync()
    {
        await SendAsync(CancellationToken.None);
        await transaction.CommitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        var connection = transaction.Connection;
        await transaction.DisposeAsync();
        if (connection is not null)
            await connection.DisposeAsync();
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        if (_queued.Count == 0)
            return;

        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        foreach (var (command, item) in _queued)
        {
            batch.BatchCommands.Add(command);
            Sent.Add((command.CommandText, item));
        }

        _queued.Clear();
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
