using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace Pup.Bench.Latency;

/// <summary>
/// Sees rows of the read model appear, as any other client would: it asks about once a millisecond. That is its resolution,
/// the same for every contender.
/// </summary>
internal sealed class Observer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, long> _seen = new();
    private readonly NpgsqlConnection _connection;
    private readonly Task _loop;
    private long _last;

    private Observer(NpgsqlConnection connection, string look)
    {
        _connection = connection;
        _loop = Task.Run(() => RunAsync(look, _stop.Token));
    }

    public static async Task<Observer> StartAsync(NpgsqlDataSource source, LogCopy log, CancellationToken cancellationToken) =>
        new(await source.OpenConnectionAsync(cancellationToken), log.Look);

    /// <summary>Milliseconds from the acknowledged append to the row; waits until the row is there.</summary>
    public async Task<double> LatencyAsync(Appended appended, CancellationToken cancellationToken)
    {
        long at;
        for (var asked = Stopwatch.GetTimestamp(); !_seen.TryGetValue(appended.Position, out at);)
        {
            if (_loop.IsFaulted)
                await _loop;
            if (Stopwatch.GetElapsedTime(asked) > TimeSpan.FromSeconds(30))
                throw new BenchException($"The event at position {appended.Position} did not appear in the read model within 30 s.");
            await Task.Delay(1, cancellationToken);
        }
        // A row may be seen before the writer has heard of its own commit.
        return Math.Max(0, Stopwatch.GetElapsedTime(appended.At, at).TotalMilliseconds);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await _connection.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(string look, CancellationToken cancellationToken)
    {
        var after = new NpgsqlParameter<long>();
        await using var command = new NpgsqlCommand(look, _connection) { Parameters = { after } };
        await command.PrepareAsync(cancellationToken);
        while (true)
        {
            after.TypedValue = _last;
            await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
            {
                while (await rows.ReadAsync(cancellationToken))
                {
                    _last = rows.GetInt64(0);
                    _seen[_last] = Stopwatch.GetTimestamp();
                }
            }
            await Task.Delay(1, cancellationToken);
        }
    }
}
