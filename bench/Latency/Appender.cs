using System.Diagnostics;
using System.Text;
using Npgsql;

namespace Pup.Bench.Latency;

/// <summary>One writer: appends single events, each in a transaction of its own, and notes when the commit was acknowledged.</summary>
internal sealed class Appender : IAsyncDisposable
{
    private static readonly byte[] s_payload = Encoding.UTF8.GetBytes("{\"note\":\"" + new string('x', 189) + "\"}");

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlParameter<long> _version = new();

    private Appender(NpgsqlConnection connection, LogCopy log)
    {
        _connection = connection;
        _batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(log.Append) { Parameters = { new NpgsqlParameter<string> { TypedValue = $"order-{Guid.NewGuid():N}" }, _version, new NpgsqlParameter<byte[]> { TypedValue = s_payload } } },
            },
        };
        if (log.Notifies)
            _batch.BatchCommands.Add(new NpgsqlBatchCommand("notify by_hand"));
    }

    public static async Task<Appender> OpenAsync(NpgsqlDataSource source, LogCopy log, CancellationToken cancellationToken)
    {
        var appender = new Appender(await source.OpenConnectionAsync(cancellationToken), log);
        await appender._batch.PrepareAsync(cancellationToken);
        return appender;
    }

    public async Task<Appended> AppendAsync(CancellationToken cancellationToken)
    {
        _version.TypedValue++;
        var position = (long)(await _batch.ExecuteScalarAsync(cancellationToken))!;
        return new Appended(position, Stopwatch.GetTimestamp());
    }

    public async ValueTask DisposeAsync()
    {
        await _batch.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
