using System.Text.Json;

namespace Pup.Bench;

/// <summary>What the application makes of a payload; every contender calls it once per event.</summary>
internal static class OrderPayload
{
    public static long AmountOf(ReadOnlySpan<byte> payload)
    {
        var json = new Utf8JsonReader(payload);
        while (json.Read())
            if (json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("amount"u8) && json.Read())
                return json.GetInt64();
        return 0;
    }
}
