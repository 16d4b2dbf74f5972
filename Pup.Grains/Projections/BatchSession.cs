using System.Data;
using Npgsql;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;

namespace Pup.Grains.Projections;

/// <summary>What a batch needs to reach the database: its turn after the batch before it, a slot, a connection, a transaction.</summary>
/// <param name="generation">Whose connections it uses.</param>
/// <param name="slots">The right to commit.</param>
/// <param name="share">What its projection has of them.</param>
/// <param name="turn">Ends when the batch before this one has committed: not before that may anything be sent.</param>
/// <param name="stopping">Ends the wait for turn and slot of a handler that passed no token on.</param>
internal sealed class BatchSession(Generation generation, WorkerSlots slots, SlotShare share, Task turn, CancellationToken stopping) : IAsyncDisposable
{
    private IDisposable? _slot;
    private volatile bool _over;
    private bool _abandoned;
    private int _disposals;

    public NpgsqlConnection? Connection { get; private set; }

    public NpgsqlTransaction? Transaction { get; private set; }

    public bool IsConnected => Connection?.FullState.HasFlag(ConnectionState.Open) == true;

    /// <summary>Whether it was committed, rolled back or given up.</summary>
    public bool IsOver => _over;

    /// <summary>The time of the handler at work, if there is one.</summary>
    public HandlerClock? Clock { get; set; }

    /// <summary>Whether somebody else than the engine committed, rolled back or disposed the transaction.</summary>
    public bool WasEnded
    {
        get
        {
            if (Transaction is null || !IsConnected)
                return false;
            try
            {
                // Npgsql refuses a command on a transaction that is completed; it has no property that says so.
                using var probe = new NpgsqlBatch(Connection, Transaction);
                return false;
            }
            catch (InvalidOperationException)
            {
                return true;
            }
        }
    }

    /// <summary>Takes a slot and a connection, unless it has them.</summary>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        if (Transaction is not null)
            return;

        await TakeSlotAsync(cancellationToken);
        await ReleaseIfOverAsync();
        if (Connection is not null && !IsConnected)
            Connection = null;
        Connection ??= await generation.DataSource.OpenConnectionAsync(cancellationToken);
        await ReleaseIfOverAsync();
        Transaction = await Connection.BeginTransactionAsync(cancellationToken);
    }

    /// <summary>
    /// Gives slot and connection to the batch that comes next, once this one has committed: a session that goes on with the same
    /// statements has all it needs at hand. Not while others wait for a slot.
    /// </summary>
    public void HandOver(BatchSession next)
    {
        if (slots.AreWanted)
            return;
        (next._slot, next.Connection) = (_slot, Connection);
        (_slot, Connection, Transaction) = (null, null, null);
    }

    /// <summary>No further use, for a handler that was given up and still runs.</summary>
    public void Abandon() => (_over, _abandoned) = (true, true);

    public async ValueTask DisposeAsync()
    {
        _over = true;
        if (Interlocked.Increment(ref _disposals) > 1)
            return;
        try
        {
            if (_abandoned && IsConnected)
                await AbandonedSession.TakeBackAsync(generation, Connection!, CloseAsync);
            else
                await CloseAsync();
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection is broken; the server rolls back.
        }
        finally
        {
            _slot?.Dispose();
        }
    }

    // What a handler waits for here is no time of its own.
    private async ValueTask TakeSlotAsync(CancellationToken cancellationToken)
    {
        Clock?.Stop();
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
            await turn.WaitAsync(either.Token);
            generation.ThrowIfEnded();
            _slot ??= await slots.TakeAsync(share, either.Token);
        }
        finally
        {
            Clock?.GoOn();
        }
    }

    // A handler that was given up may come by what it waited for after everything was released.
    private async ValueTask ReleaseIfOverAsync()
    {
        if (!IsOver)
            return;
        if (Connection is not null)
            await Connection.DisposeAsync();
        _slot?.Dispose();
        throw new InvalidOperationException("This batch was given up while it waited.");
    }

    private async Task CloseAsync()
    {
        if (Transaction is not null)
            await Transaction.DisposeAsync();
        if (Connection is not null)
            await Connection.DisposeAsync();
    }
}
