namespace Pup.Grains.Projections;

/// <summary>A queued statement failed in the database; <paramref name="item"/> is the item whose handler queued it.</summary>
internal sealed class QueuedStatementException(int item, Exception cause) : Exception(cause.Message, cause)
{
    public int Item => item;
}
