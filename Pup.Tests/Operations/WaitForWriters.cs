using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pup.Client.Events;
using Pup.Client.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>
/// Writers that read what they wrote: each appends, one in four in a transaction that stays open for a while, waits for one of the
/// projections, and looks into the read model at once.
/// </summary>
internal sealed class WaitForWriters(TestDatabase database, IProjectionClient projections, int total, int seed)
{
    private const int Writers = 8;
    private static readonly string[] _names = ["ledger", "tenants", "words"];

    private readonly EventStore _store = new(database.DataSource);
    private int _started;
    private int _done;
    private long _longest;

    public int Done => Volatile.Read(ref _done);

    public TimeSpan Longest => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _longest));

    /// <summary>What was not as it should be; nothing, if all went well.</summary>
    public ConcurrentQueue<string> Complaints { get; } = new();

    public Task RunAsync() => Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(new Random(seed + writer)))));

    private async Task WriteAsync(Random random)
    {
        while (Interlocked.Increment(ref _started) <= total)
        {
            var (appended, words) = await AppendAsync(random);
            var projection = _names[random.Next(_names.Length)];
            var asked = Stopwatch.GetTimestamp();
            var result = await projections.WaitForAsync(projection, appended, TimeSpan.FromSeconds(60), CancellationToken.None);
            // Before anything else: what is not there now was not there when it was said to be.
            if (result.IsApplied && !await IsVisibleAsync(projection, appended, words))
                Complaints.Enqueue($"early: {projection} at {appended.LastPosition}");
            if (!result.IsApplied)
                Complaints.Enqueue($"{result.Outcome}: {projection} at {appended.LastPosition}: {result.Detail}");
            Longer(Stopwatch.GetTimestamp() - asked);
            Interlocked.Increment(ref _done);
        }
    }

    private async Task<(AppendResult Appended, string[] Words)> AppendAsync(Random random)
    {
        string[] words = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => string.Create(CultureInfo.InvariantCulture, $"w{random.Next(40)}")).Distinct()];
        var aggregate = string.Create(CultureInfo.InvariantCulture, $"a{random.Next(60)}");
        while (true)
        {
            Event[] events = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => WaitForCluster.Event(payload: string.Join(' ', words)))];
            try
            {
                return (random.Next(4) == 0
                    ? await AppendLateAsync(aggregate, events, random)
                    : await _store.AppendAsync("Test", "Thing", aggregate, ExpectedVersion.Any, events), words);
            }
            catch (OptimisticConcurrencyException)
            {
                // Another writer was faster; nothing was written.
            }
        }
    }

    private async Task<AppendResult> AppendLateAsync(string aggregate, Event[] events, Random random)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var appended = await _store.AppendAsync("Test", "Thing", aggregate, ExpectedVersion.Any, events, transaction);
        await Task.Delay(random.Next(40));
        await transaction.CommitAsync();
        return appended;
    }

    private Task<bool> IsVisibleAsync(string projection, AppendResult appended, string[] words) => projection == "words"
        ? database.ScalarAsync<bool>("select count(*) = cardinality($1) from words_documents where id = any($1) and position >= $2", words, appended.LastPosition)
        : database.ScalarAsync<bool>(
            "select count(distinct global_position) = cardinality($2) from ledger where projection = $1 and global_position = any($2)", projection, appended.Positions.ToArray());

    private void Longer(long ticks)
    {
        for (var known = Interlocked.Read(ref _longest); ticks > known && Interlocked.CompareExchange(ref _longest, ticks, known) != known; known = Interlocked.Read(ref _longest))
        {
        }
    }
}
