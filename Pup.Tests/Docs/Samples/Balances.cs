using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region several-documents
public sealed record Transfer(string From, string To, decimal Amount);

public sealed record Balance(decimal Amount);

public sealed class Balances : DocumentProjection<Balance>
{
    public override string Name => "balances";

    public override ProjectionScope Scope { get; } = new(eventTypes: ["MoneyTransferred"]);

    protected override JsonTypeInfo<Balance> JsonTypeInfo => BalanceJson.Default.Balance;

    protected override IEnumerable<string> IdentitiesOf(PersistedEvent @event) => TransferOf(@event) is var it ? [it.From, it.To] : [];

    protected override Balance? Apply(string id, Balance? balance, PersistedEvent @event)
    {
        var transfer = TransferOf(@event);
        var amount = balance?.Amount ?? 0;
        if (transfer.From == id)
            amount -= transfer.Amount;
        if (transfer.To == id)
            amount += transfer.Amount;
        return amount == 0 ? null : new Balance(amount);
    }

    protected override Balance? Apply(Balance? balance, PersistedEvent @event) => throw new NotSupportedException("Which balance?");

    private static Transfer TransferOf(PersistedEvent @event) => JsonSerializer.Deserialize(@event.Payload.Span, BalanceJson.Default.Transfer)!;
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Balance))]
[JsonSerializable(typeof(Transfer))]
internal sealed partial class BalanceJson : JsonSerializerContext;
#endregion
