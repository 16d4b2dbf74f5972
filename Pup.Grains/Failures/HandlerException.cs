namespace Pup.Grains.Failures;

/// <summary>A handler failed; <paramref name="item"/> is the item it was handling, -1 when it is not known.</summary>
internal sealed class HandlerException(int item, Exception cause) : Exception(cause.Message, cause)
{
    public int Item => item;
}
