using System.Text.Json.Serialization.Metadata;

namespace Pup.Client.Events;

/// <summary>How one (event type, event version) is read: its CLR type, and the step to a newer one if it is old.</summary>
/// <param name="EventType">Name of the event's type.</param>
/// <param name="EventVersion">Version of the payload's shape.</param>
/// <param name="Json">Reads and writes the CLR type.</param>
/// <param name="Upcast">Turns an old shape into the next one.</param>
/// <param name="Next">CLR type that <paramref name="Upcast"/> gives.</param>
internal sealed record EventShape(string EventType, int EventVersion, JsonTypeInfo Json, Func<object, object>? Upcast = null, Type? Next = null)
{
    public Type ClrType => Json.Type;
}
