namespace Shop.Events;

/// <summary>An order is paid. The payment has the id of its order, so that the two stay in order in every projection.</summary>
internal sealed record PaymentReceived(decimal Amount);
