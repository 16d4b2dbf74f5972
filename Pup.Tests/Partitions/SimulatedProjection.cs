using Pup.Grains.Checkpoints;
using Pup.Grains.Partitions;

namespace Pup.Tests.Partitions;

/// <summary>
/// A projection in memory, reduced to what a repartition depends on: a log that grows, checkpoint rows, and owners that prepare batches
/// and commit them later, when their row may not be theirs any more. It knows of every event and key whether it is applied, and
/// throws at a second application or one out of order.
/// </summary>
internal sealed class SimulatedProjection(bool resettable, RepartitionRules rules)
{
    private const int Keys = 17;

    private readonly List<(long Position, uint[] Hashes)> _log = [];
    private readonly Dictionary<string, (long Epoch, long Position, string? Applied)> _rows = new() { ["o"] = (0, 0, null) };
    private readonly HashSet<(long Position, uint Hash)> _applied = [];
    private readonly List<Owner> _owners = [];
    private int _partitions = 1;
    private long _epochs;
    private bool _needsRebuild;
    private List<PartitionRow>? _readEarly;

    /// <summary>How often each thing happened that a history is to contain.</summary>
    public Dictionary<string, int> Seen { get; } = [];

    public void Step(int choice)
    {
        var argument = choice / 32;
        switch (choice % 32)
        {
            case < 8:
                Append(argument);
                break;
            case < 13:
                Own(argument % _partitions);
                break;
            case < 19:
                With(argument, owner => Prepare(owner, 1 + (argument % 5)));
                break;
            case < 26:
                With(argument, Commit);
                break;
            case 26:
                With(argument, owner => _owners.Remove(owner));
                break;
            case < 30:
                Repartition(1 + (argument % 9));
                break;
            case 30:
                if (argument % 4 == 0)
                    Rebuild();
                else
                    MoveBack(argument / 4);
                break;
            default:
                MoveBack(argument);
                break;
        }
    }

    /// <summary>Lets every partition work to the end of the log; then everything must be applied.</summary>
    public void Finish()
    {
        for (var partition = 0; partition < _partitions; partition++)
        {
            if (Own(partition) is not { } owner)
            {
                // Halted, or rebuilt from the start: all partitions from there.
                if (_needsRebuild)
                    Rebuild();
                partition = -1;
                continue;
            }

            do
            {
                Prepare(owner, 3);
                Commit(owner);
            }
            while (owner.Position < End);
        }

        var missing = _log.SelectMany(static e => e.Hashes.Select(hash => (e.Position, hash))).Where(item => !_applied.Contains(item)).ToList();
        Check(missing.Count == 0, $"{missing.Count} not applied, first {missing.FirstOrDefault()}");
    }

    private long End => _log.Count == 0 ? 0 : _log[^1].Position;

    private string Name(int partition) => CheckpointName.Of("o", partition, _partitions);

    private List<PartitionRow> Rows() => [.. Enumerable.Range(0, _partitions).Select(Name).Select(name =>
        _rows.TryGetValue(name, out var row) ? new PartitionRow(name, row.Position, AppliedColumn.Parse(row.Applied)) : new PartitionRow(name, null, null))];

    private void Append(int argument)
    {
        var hashes = Enumerable.Range(0, 1 + (argument % 3)).Select(i => Partitioner.Hash($"key {(argument / 3 * (i + 1)) % Keys}")).Distinct();
        _log.Add((End + 1 + (argument % 2), [.. hashes]));
    }

    private Owner? Own(int partition)
    {
        if (_needsRebuild)
            return null;
        var name = Name(partition);
        if (!_rows.TryGetValue(name, out var row))
        {
            if (resettable)
            {
                Rebuild();
                return null;
            }

            row = (0, 0, null);
        }

        // As the store does: only a row that says so, or that Pup never owned, makes it look at the others.
        var applied = AppliedColumn.Parse(row.Applied);
        if (applied is not null || row.Epoch == 0)
        {
            var rows = Rows();
            if (rules.MovedBack(rows) is not null && rows[partition].IsMovedBack)
            {
                Declare();
                return null;
            }

            if (!rows.Any(static found => found.CarriesVectors))
                applied = null;
        }

        _rows[name] = (++_epochs, row.Position, applied?.ToJson());
        var owner = new Owner(name, partition, _partitions, _epochs, row.Position, applied is null ? null : rules.At(applied, row.Position));
        _owners.Add(owner);
        return owner;
    }

    private void Prepare(Owner owner, int events)
    {
        if (owner.Batch is not null)
            return;
        var next = _log.Where(e => e.Position > owner.Position).Take(events).ToList();
        if (next.Count == 0)
            return;
        var own = next.SelectMany(static e => e.Hashes.Select(hash => (e.Position, Hash: hash)))
            .Where(item => Partitioner.PartitionOf(item.Hash, owner.Partitions) == owner.Partition).ToList();
        var left = own.Where(item => owner.Applied?.Vectors.Covers(item.Hash, item.Position) != true).ToList();
        Count(own.Count > left.Count ? "skipped" : "prepared");
        owner.Batch = (left, next[^1].Position);
    }

    private void Commit(Owner owner)
    {
        if (owner.Batch is not { } batch)
            return;
        if (!_rows.TryGetValue(owner.Row, out var row) || row.Epoch != owner.Epoch || row.Position != owner.Position)
        {
            Count("fenced");
            _owners.Remove(owner);
            return;
        }

        foreach (var (position, hash) in batch.Items)
        {
            Check(_applied.Add((position, hash)), $"{position} applied twice");
            Check(!_applied.Any(other => other.Hash == hash && other.Position > position), $"{position} applied after a later one of its key");
        }

        var applied = owner.Applied is null ? null : rules.At(owner.Applied, batch.UpTo);
        _rows[owner.Row] = (owner.Epoch, batch.UpTo, applied?.ToJson());
        (owner.Position, owner.Batch) = (batch.UpTo, null);
    }

    private void Repartition(int partitions)
    {
        if (partitions == _partitions || _needsRebuild)
            return;
        if (rules.ReadsBeforeLocking && _readEarly?.Count != _partitions)
        {
            _readEarly = Rows();
            return;
        }

        var rows = rules.ReadsBeforeLocking ? _readEarly! : Rows();
        _readEarly = null;
        if (resettable && rows.Any(static row => row.Position is null))
        {
            Rebuild();
            return;
        }

        if (rules.MovedBack(rows) is not null)
        {
            Declare();
            return;
        }

        Count(rows.Any(static row => row.CarriesVectors) ? "repartitioned again" : "repartitioned");
        var start = rules.Start(rows);
        var old = new Dictionary<string, (long Epoch, long Position, string? Applied)>(_rows);
        foreach (var row in rows)
            _rows.Remove(row.Name);
        _partitions = partitions;
        for (var partition = 0; partition < partitions; partition++)
        {
            var epoch = rules.RepartitionKeepsEpochs && old.TryGetValue(Name(partition), out var kept) ? kept.Epoch : ++_epochs;
            _rows[Name(partition)] = (epoch, start.Position, start.Vectors.IsEmpty ? null : start.ToJson());
        }
    }

    private void Rebuild()
    {
        Count("rebuilt");
        for (var partition = 0; partition < _partitions; partition++)
        {
            var kept = rules.RebuildKeepsVectors && _rows.TryGetValue(Name(partition), out var row) && AppliedColumn.Parse(row.Applied) is { } column
                ? (column with { Position = 0 }).ToJson()
                : null;
            _rows[Name(partition)] = (++_epochs, 0, kept);
        }

        _applied.Clear();
        _needsRebuild = false;
    }

    // By hand: the events behind the new position are to be applied again.
    private void MoveBack(int argument)
    {
        var partition = argument % _partitions;
        if (!_rows.TryGetValue(Name(partition), out var row) || row.Position == 0 || _needsRebuild)
            return;
        var position = argument / 100 % row.Position;
        switch (argument % 4)
        {
            case 0:
                position = 0;
                _rows.Remove(Name(partition));
                break;
            case 1:
                _rows[Name(partition)] = (0, position, null);
                break;
            default:
                _rows[Name(partition)] = row with { Position = position };
                break;
        }

        Count("moved back");
        _applied.RemoveWhere(item => item.Position > position && Partitioner.PartitionOf(item.Hash, _partitions) == partition);
    }

    private void Declare()
    {
        Count("needs rebuild");
        _needsRebuild = true;
        foreach (var name in _rows.Keys)
            _rows[name] = _rows[name] with { Epoch = ++_epochs };
    }

    private void With(int argument, Action<Owner> action)
    {
        if (_owners.Count > 0)
            action(_owners[argument % _owners.Count]);
    }

    private void Count(string what) => Seen[what] = Seen.GetValueOrDefault(what) + 1;

    private static void Check(bool holds, string what)
    {
        if (!holds)
            throw new InvalidOperationException(what);
    }

    private sealed class Owner(string row, int partition, int partitions, long epoch, long position, AppliedColumn? applied)
    {
        public string Row => row;

        public int Partition => partition;

        public int Partitions => partitions;

        public long Epoch => epoch;

        public AppliedColumn? Applied => applied;

        public long Position { get; set; } = position;

        public (List<(long Position, uint Hash)> Items, long UpTo)? Batch { get; set; }
    }
}
