using Pup.Grains.Feed;

namespace Pup.Tests.Feed;

/// <summary>
/// A log in memory, reduced to what the mark depends on: transactions lock, take positions, end. Between the two
/// questions of a look anything may happen.
/// </summary>
internal sealed class SimulatedLog
{
    private readonly List<(string Id, List<long> Positions)> _open = [];
    private readonly HashSet<long> _committed = [];
    private long _sequence;
    private int _transactions;

    public long Visible => _committed.Count == 0 ? 0 : _committed.Max();

    public List<LogWriter> Writers => [.. _open.Select(transaction => new LogWriter(transaction.Id, null))];

    public bool HasWriters => _open.Count > 0;

    /// <summary>The least position of which it is not yet known whether it will ever be.</summary>
    public long FirstUndecided => _open.SelectMany(transaction => transaction.Positions).DefaultIfEmpty(_sequence + 1).Min();

    public void Step(int choice)
    {
        switch (choice % 8)
        {
            case 0 or 1:
                _open.Add(($"3/{++_transactions}", []));
                break;
            case 2 or 3 or 4 when _open.Count > 0:
                _open[choice / 8 % _open.Count].Positions.Add(++_sequence);
                break;
            case 5 or 6 when _open.Count > 0:
                End(choice / 8 % _open.Count, commit: true);
                break;
            case 7 when _open.Count > 0:
                End(choice / 8 % _open.Count, commit: choice / 64 % 2 == 0);
                break;
        }
    }

    public void EndAll()
    {
        while (_open.Count > 0)
            End(0, commit: true);
    }

    private void End(int index, bool commit)
    {
        if (commit)
            _committed.UnionWith(_open[index].Positions);
        _open.RemoveAt(index);
    }
}
