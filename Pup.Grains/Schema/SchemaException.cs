namespace Pup.Grains.Schema;

/// <summary>The database's schema is not, or could not be made, what the engine needs; the message says what to do.</summary>
public sealed class SchemaException : Exception
{
    internal SchemaException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
