using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>
/// Looks at checkpoints and connections all the time. A checkpoint must never decrease within an epoch, nor an epoch within a row; nothing
/// may be committed below a checkpoint any more, which is what lying below the mark means; and no silo may hold more connections than its
/// budget for more than a moment: asking the server to cancel a statement takes a connection of its own.
/// </summary>
internal sealed class InvariantWatch(TestDatabase database, IReadOnlyList<SiloSlot> slots)
{
    private const string RowsSql = "select projection_name, epoch, last_global_position from projection_checkpoints";
    private const string CountSql = "select count(*) from events where global_position > $1 and global_position <= $2";
    private const long Span = 5_000;

    private static readonly TimeSpan _moment = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, (long Epoch, long Position)> _rows = [];
    private readonly List<(long From, long To, long Count)> _below = [];
    private readonly Dictionary<SiloSlot, Stopwatch> _over = [];
    private readonly List<string> _broken = [];

    public int Samples { get; private set; }

    public int MostConnections { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Connections();
            try
            {
                await CheckpointsAsync(isCounting: Samples++ % 10 == 0);
            }
            catch (NpgsqlException)
            {
                // The server is away.
                database.DataSource.Clear();
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }

    /// <summary>What was broken; empty if nothing was.</summary>
    public async Task<IReadOnlyList<string>> BrokenAsync()
    {
        foreach (var (from, to, count) in _below.Distinct())
        {
            var now = await database.ScalarAsync<long>(CountSql, from, to);
            if (now != count)
                _broken.Add($"a checkpoint stood at {to} when only {count} of {now} events from {from} on were there");
        }

        return _broken;
    }

    private async Task CheckpointsAsync(bool isCounting)
    {
        var highest = 0L;
        await using (var command = database.DataSource.CreateCommand(RowsSql))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                var (row, epoch, position) = (reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2));
                if (_rows.TryGetValue(row, out var before) && (epoch < before.Epoch || (epoch == before.Epoch && position < before.Position)))
                    _broken.Add($"{row} went from {before.Position} in epoch {before.Epoch} to {position} in epoch {epoch}");
                _rows[row] = (epoch, position);
                highest = Math.Max(highest, position);
            }
        }

        // In a statement after the one that read the checkpoint.
        if (isCounting)
            _below.Add((Math.Max(0, highest - Span), highest, await database.ScalarAsync<long>(CountSql, Math.Max(0, highest - Span), highest)));
    }

    private void Connections()
    {
        foreach (var slot in slots)
        {
            // The silo's end of the line: the other one does not hear of its end while packets are dropped.
            var sockets = File.ReadAllLines(slot.Network?.SocketsOf(slot.Index) ?? "/proc/net/tcp").Skip(1).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            var address = string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexString([.. slot.ServerAddress.GetAddressBytes().Reverse()])}:{slot.Port:X4}");
            var open = sockets.Count(fields => fields[2] == address && fields[3] == "01");
            MostConnections = Math.Max(MostConnections, open);
            if (open <= SiloSlot.Budget)
                _over.Remove(slot);
            else if (!_over.TryGetValue(slot, out var since))
                _over[slot] = Stopwatch.StartNew();
            else if (since.Elapsed > _moment && since.IsRunning)
            {
                since.Stop();
                _broken.Add($"{open} connections of one silo for longer than {_moment.TotalSeconds} s; its budget is {SiloSlot.Budget}");
            }
        }
    }
}
